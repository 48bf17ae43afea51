/** Lists of numbers as short texts (base64, little-endian), and back. */

type Numbers = Uint32Array | Uint16Array | Int16Array | Float32Array;

/** The bytes of a list as text. */
export function toBytes(numbers: Numbers): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

/** The list that a text was made of. */
export function fromBytes<List extends Numbers>(
  text: string,
  Kind: { new (buffer: ArrayBuffer): List; readonly BYTES_PER_ELEMENT: number },
): List {
  const bytes = Buffer.from(text, 'base64');
  const whole = bytes.byteLength - (bytes.byteLength % Kind.BYTES_PER_ELEMENT);
  return new Kind(new Uint8Array(bytes.subarray(0, whole)).buffer);
}
