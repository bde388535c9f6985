/** A proxy that the whole browser goes through, so that no request is missed. */
import { createServer, request as forward, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Recorded {
  method: string;
  url: string;
  headers: string;
  body: Buffer;
}

export class RecordingProxy {
  readonly requests: Recorded[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (incoming, outgoing) => {
      const body = await read(incoming);
      this.#record(incoming, body);
      const { method, headers, url = "" } = incoming;
      const onward = forward(url, { method, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      onward.end(body);
    });
    // Only https and web sockets ask for a tunnel, and nothing here needs one.
    this.#server.on("connect", (incoming, socket) => {
      this.#record(incoming, Buffer.alloc(0));
      socket.destroy();
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, resolve));
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #record({ method = "", url = "", headers }: IncomingMessage, body: Buffer): void {
    this.requests.push({ method, url, headers: JSON.stringify(headers), body });
  }
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
