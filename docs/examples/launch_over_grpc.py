"""Launches an order over gRPC: `python launch_over_grpc.py HOST:PORT TOKEN DEFINITION`."""

import json
import sys

import grpc

from sagaconsole_proto.v1 import sagas_pb2, sagas_pb2_grpc

address, token, definition = sys.argv[1:]
order = {"order_id": "GRPC-1", "sku": "SKU-1", "qty": 1, "card": "card-1", "amount": 100, "region": "north"}
wanted = sagas_pb2.LaunchRequest(definition=definition, input_json=json.dumps(order), idempotency_key="grpc-1")
with grpc.insecure_channel(address) as channel:
    try:
        answer = sagas_pb2_grpc.SagasStub(channel).Launch(
            wanted, metadata=[("authorization", f"Bearer {token}")], timeout=5
        )
        print(answer.saga.business_key, answer.saga.trigger, answer.created)
    except grpc.RpcError as error:
        print(error.code().name, "|", error.details())
