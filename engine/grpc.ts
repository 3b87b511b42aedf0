/** The SDK's own limit for a message; a large ConfigMap exceeds gRPC's default of 4 MiB. */
export const grpcOptions = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
} as const;
