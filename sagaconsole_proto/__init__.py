"""The gRPC protocol: `.proto` files, and the code generated from them by `make proto`. Copy the files, not the code."""
