"""The gRPC way in, `sagaconsole.v1.Sagas`: the same rules, rights and errors as the REST API."""
