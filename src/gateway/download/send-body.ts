/** Moves a body from its blob to the socket: read into one buffer, wait until the system took it, read again. */
import type { BlobReader } from "../../engine/blob/blob.ts";
import type { BodyPiece } from "./body-plan.ts";
import type { BodyRange } from "./byte-ranges.ts";
import type { Outlet } from "./outlet.ts";
import type { TransferBuffers } from "./transfer-buffers.ts";
import type { TransferPace } from "./transfer-pace.ts";

export interface Transfer {
  readonly reader: BlobReader;
  readonly outlet: Outlet;
  readonly buffers: TransferBuffers;
  readonly pace: TransferPace;
  /** Called once, before the first byte goes out. */
  readonly begin: () => void;
  /** Bytes that may still go out; asked before each write. */
  readonly bytesLeft: () => number;
  /** Told of bytes when they are handed to the socket. */
  readonly onBytes: (count: number) => void;
}

/** `peer` went away, or `limit` bytes were reached; a read that fails throws instead. */
export type TransferEnd = "complete" | "peer" | "limit";

export async function sendBody(
  transfer: Transfer,
  pieces: readonly BodyPiece[],
  signal: AbortSignal,
): Promise<TransferEnd> {
  using lent = new LentBuffer(transfer.buffers, transfer.outlet);
  for (const piece of pieces) {
    const end =
      piece instanceof Uint8Array
        ? await sendBytes(transfer, piece)
        : await sendRange({ ...transfer, lent }, piece, signal);
    if (end !== "complete") return end;
  }
  return "complete";
}

async function sendRange(
  transfer: Transfer & { readonly lent: LentBuffer },
  { offset, length }: BodyRange,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { reader, pace, lent } = transfer;
  const last = offset + length;
  for (let position = offset; position < last;) {
    const buffer = lent.buffer(pace.isFast);
    const room = buffer.subarray(0, Math.min(buffer.length, last - position));
    const read = await reader.read(room, position, signal);
    if (read === 0) throw new RangeError(`a blob ended at byte ${position}, too early`);
    const end = await sendBytes(transfer, room.subarray(0, read));
    if (end !== "complete") return end;
    position += read;
  }
  return "complete";
}

async function sendBytes(transfer: Transfer, bytes: Uint8Array): Promise<TransferEnd> {
  const { outlet, pace, begin, bytesLeft, onBytes } = transfer;
  if (outlet.isGone) return "peer";
  begin();
  const allowed = Math.max(0, Math.min(bytes.length, bytesLeft()));
  if (allowed > 0) {
    onBytes(allowed);
    if (!(await outlet.write(bytes.subarray(0, allowed)))) return "peer";
    pace.took(allowed);
  }
  return allowed < bytes.length ? "limit" : "complete";
}

/** The one buffer of a transfer: a small one, and a large one while the receiver is fast. */
class LentBuffer implements Disposable {
  readonly #buffers: TransferBuffers;
  readonly #outlet: Outlet;
  #buffer: Buffer | undefined;
  #isLarge = false;

  constructor(buffers: TransferBuffers, outlet: Outlet) {
    this.#buffers = buffers;
    this.#outlet = outlet;
  }

  buffer(isFast: boolean): Buffer {
    if (this.#buffer !== undefined && isFast === this.#isLarge) return this.#buffer;
    const large = isFast ? this.#buffers.large() : undefined;
    if (large === undefined && this.#buffer !== undefined && !this.#isLarge) return this.#buffer;
    this[Symbol.dispose]();
    this.#isLarge = large !== undefined;
    return (this.#buffer = large ?? this.#buffers.small());
  }

  [Symbol.dispose](): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    // Of a connection that broke, a write may not have let go of its buffer.
    if (buffer !== undefined) this.#buffers.give(buffer, !this.#outlet.isGone);
  }
}
