// Frames, in which messages travel between the bridge and the Dart VM: `u32 length | u32 JSON length | JSON | blobs`,
// little-endian, the first length counting what follows it. The JSON's `b`, where present, lists the blobs' lengths.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a frame may take, in bytes. */
const LIMIT = 512 << 20;

/** How much is asked for at a time: a length alone costs no more. */
const STEP = 1 << 20;

/** The bytes of a frame. */
export function frameOf(message, blobs = []) {
  if (blobs.length > 0) message.b = blobs.map((blob) => blob.byteLength);
  const json = encoder.encode(JSON.stringify(message));
  const size = blobs.reduce((sum, blob) => sum + blob.byteLength, 8 + json.byteLength);
  const frame = new Uint8Array(size);
  const view = new DataView(frame.buffer);
  view.setUint32(0, size - 4, true);
  view.setUint32(4, json.byteLength, true);
  frame.set(json, 8);
  let at = 8 + json.byteLength;
  for (const blob of blobs) {
    frame.set(blob, at);
    at += blob.byteLength;
  }
  return frame;
}

/** The message and the blobs in `body`, which follows the two lengths. */
function parse(body, jsonSize) {
  const message = JSON.parse(decoder.decode(body.subarray(0, jsonSize)));
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new Error('not a message');
  let at = jsonSize;
  const blobs = [];
  for (const length of message.b ?? []) {
    if (!Number.isInteger(length) || length < 0 || length > body.byteLength - at) throw new Error('not the blobs of a frame');
    blobs.push(body.slice(at, (at += length)));
  }
  if (at !== body.byteLength) throw new Error('more than a frame');
  return [message, blobs];
}

/** Frames out of bytes, however these arrive. */
export class FrameReader {
  #read;
  #rest = new Uint8Array(0);

  /** Reads by `read`, which gives at least as many bytes as it is asked for, or null at the end. */
  constructor(read) {
    this.#read = read;
  }

  /** The next frame as [message, blobs], or null when there is no more. What is no frame is an error, for good. */
  async next() {
    const head = await this.#take(8);
    if (head === null) return null;
    const view = new DataView(head.buffer, head.byteOffset, 8);
    const size = view.getUint32(0, true) - 4;
    const jsonSize = view.getUint32(4, true);
    if (size < 0 || size > LIMIT || jsonSize > size) throw new Error('not the lengths of a frame');
    const body = await this.#take(size);
    return body && parse(body, jsonSize);
  }

  async #take(size) {
    if (this.#rest.byteLength < size) {
      const chunks = [this.#rest];
      let length = this.#rest.byteLength;
      while (length < size) {
        const chunk = await this.#read(Math.min(size - length, STEP));
        if (chunk === null) return null;
        chunks.push(chunk);
        length += chunk.byteLength;
      }
      this.#rest = join(chunks, length);
    }
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }
}

function join(chunks, length) {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}
