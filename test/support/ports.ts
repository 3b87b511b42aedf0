import { createServer, type Server } from "node:net";

/** Listens on a port of 127.0.0.1, as another program would. Fails when it is taken. */
export function occupy(port: number): Promise<Server> {
  return new Promise((done, failed) => {
    const server = createServer((socket) => socket.destroy()).on("error", failed);
    server.listen(port, "127.0.0.1", () => done(server));
  });
}

export function release(server: Server): Promise<void> {
  return new Promise((done) => server.close(() => done()));
}
