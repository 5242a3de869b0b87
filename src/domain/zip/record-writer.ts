/** Little-endian fields and stored bytes, gathered in one reused buffer so that small entries don't each cost a write. */
const capacity = 256 * 1024;

export class RecordWriter {
  readonly #bytes = new Uint8Array(capacity);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #sink: (bytes: Uint8Array) => void;
  #position = 0;
  #flushed = 0;

  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink;
  }

  /** Bytes written so far. */
  get offset(): number {
    return this.#flushed + this.#position;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#position, value, true);
    this.#position += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#position, value, true);
    this.#position += 4;
  }

  u64(value: number): void {
    this.u32(value % 0x100000000);
    this.u32(Math.floor(value / 0x100000000));
  }

  byteString(bytes: string): void {
    this.#reserve(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.#bytes[this.#position + i] = bytes.charCodeAt(i);
    this.#position += bytes.length;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > capacity / 4) {
      this.flush();
      this.#sink(bytes);
      this.#flushed += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  flush(): void {
    if (this.#position === 0) return;
    this.#sink(this.#bytes.subarray(0, this.#position));
    this.#flushed += this.#position;
    this.#position = 0;
  }

  #reserve(length: number): void {
    if (this.#position + length <= capacity) return;
    this.flush();
    if (length > capacity) throw new RangeError(`a zip holds no field of ${length} bytes`);
  }
}
