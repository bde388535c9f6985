/** Every error code: those of `Error::code()` in the Rust core, and two of this library. */
export const ERROR_CODES = [
  "invalid-image",
  "unsupported-image",
  "image-too-large",
  "invalid-query",
  "prompt-too-long",
  "webgpu-unavailable",
  "device-lost",
  "out-of-memory",
  "gpu-result-invalid",
  "network",
  "integrity",
  "weights-mismatch",
  "unsupported-model",
  "internal",
  "in-use",
  "disposed",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes after which nothing that the worker's GPU computes can be trusted. */
export const FATAL_CODES: readonly ErrorCode[] = [
  "device-lost",
  "gpu-result-invalid",
  "out-of-memory",
];

/** What went wrong (`message`), its stable `code`, and what to do next (`hint`). */
export class AskmaskError extends Error {
  override readonly name = "AskmaskError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An error as it crosses `postMessage`. */
export interface WireError {
  code: string;
  message: string;
  hint: string;
}

export function abortError(): DOMException {
  return new DOMException("The call was cancelled.", "AbortError");
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** Any thrown value as plain data. */
export function toWire(error: unknown): WireError {
  if (isAbort(error)) return { code: "cancelled", message: "The call was cancelled.", hint: "" };
  if (!(error instanceof Error)) return { code: "internal", message: String(error), hint: "" };
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  return {
    code: typeof code === "string" ? code : "internal",
    message: error.message,
    hint: typeof hint === "string" ? hint : "",
  };
}

/** The error that {@link toWire} was given, as far as plain data can tell. */
export function fromWire(wire: WireError): Error {
  if (wire.code === "cancelled") return abortError();
  const known = ERROR_CODES.find((code) => code === wire.code);
  return new AskmaskError(known ?? "internal", wire.message, wire.hint);
}
