"""The HTTP interface as OpenAPI 3.1: operations, what they answer, and examples that tests send."""
