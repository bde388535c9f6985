/** One request, with a limit to its silence and a cause for its failure. */

import type { RetryPolicy } from "../../models";
import { CONTINUES, FetchFault } from "./http-faults";

interface FileRequest {
  url: URL;
  /** For messages. */
  file: string;
  headers?: Record<string, string>;
  cache: RequestCache;
  /** Whether nothing has come from there yet, so that it may be forbidden. */
  first?: boolean;
}

/** A response whose body comes in chunks; whoever takes it must `close` it. */
export class HttpResponse {
  private constructor(
    readonly response: Response,
    private readonly connection: AbortController,
    private readonly request: FileRequest,
    private readonly retry: RetryPolicy,
    private readonly unlink: () => void,
  ) {}

  static async fetch(
    request: FileRequest,
    retry: RetryPolicy,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    signal.throwIfAborted();
    const connection = new AbortController();
    const cancel = () => connection.abort(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    const unlink = () => signal.removeEventListener("abort", cancel);
    const { url, headers = {}, cache } = request;
    const init = { headers, cache, signal: connection.signal };
    const ask = () => timely(fetch(url, init), request, retry, connection);
    try {
      const response = await ask().catch((cause) => explainFailure(cause, ask, request, signal));
      return new HttpResponse(response, connection, request, retry, unlink);
    } catch (cause) {
      unlink();
      signal.throwIfAborted();
      throw cause;
    }
  }

  /** The body. Ends early with a fault when the connection breaks or falls silent. */
  async *chunks(signal: AbortSignal): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const reader = this.response.body?.getReader();
    while (reader !== undefined) {
      let value: Uint8Array<ArrayBuffer> | undefined;
      try {
        ({ value } = await timely(reader.read(), this.request, this.retry, this.connection));
      } catch (cause) {
        signal.throwIfAborted();
        if (cause instanceof FetchFault) throw cause;
        const message = `The connection broke while ${this.request.file} was coming.`;
        throw new FetchFault(message, CONNECTION, true);
      }
      if (value === undefined) return;
      yield value;
    }
  }

  /** Ends the connection, whatever is still to come. */
  close(): void {
    this.unlink();
    this.connection.abort();
  }
}

/** `work`, or a fault once it has been silent for too long; that ends the connection. */
async function timely<T>(
  work: Promise<T>,
  { file }: FileRequest,
  { idle }: RetryPolicy,
  connection: AbortController,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = Math.round(idle / 1000);
      reject(new FetchFault(`Nothing of ${file} came for ${seconds} s.`, CONNECTION, true));
      connection.abort();
    }, idle);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}

const CONNECTION = `Check the connection and try again. ${CONTINUES}`;

/**
 * Browsers do not say why a request failed. If one that may not be read
 * succeeds and another that is to be read fails again, the server forbids it.
 */
async function explainFailure(
  cause: unknown,
  ask: () => Promise<Response>,
  { url, file, headers, first = headers === undefined }: FileRequest,
  signal: AbortSignal,
): Promise<Response> {
  signal.throwIfAborted();
  if (cause instanceof FetchFault) throw cause;
  if (!navigator.onLine) {
    throw new FetchFault(`You are offline; ${file} cannot be fetched.`, CONNECTION, true);
  }
  const foreign = url.origin !== location.origin;
  if (foreign && first && (await isReachable(url, signal))) {
    return ask().catch(() => {
      const message = `${url.host}, or a host that it hands over to, does not let other sites read its files (CORS).`;
      throw new FetchFault(message, "Download the model's folder and open it from disk.", false);
    });
  }
  throw new FetchFault(`${url.host} cannot be reached for ${file}.`, CONNECTION, true);
}

async function isReachable(url: URL, signal: AbortSignal): Promise<boolean> {
  try {
    await fetch(url, { method: "HEAD", mode: "no-cors", cache: "no-store", signal });
    return true;
  } catch {
    return false;
  }
}
