import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { Api, NoAnswer } from "./api.ts";

// Answers, and certificates, are for test/kwok-*.test.ts.

it("a server that says nothing is named with the question, the time and what to do", async () => {
  const server = createServer((socket) => onTestFinished(() => void socket.destroy()));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const api = new Api({ server: `https://127.0.0.1:${port}`, ca: "", cert: "", key: "" });
  onTestFinished(() => api.close());
  const asking = api.text("GET", "/version", { timeout: 100 });
  await expect(asking).rejects.toThrow(/^GET \/version: no answer within 0\.1 s\. Run again; .*weft doctor/);
  await expect(asking).rejects.toBeInstanceOf(NoAnswer);
});
