/**
 * Passes chunks on and throws where there are fewer or more bytes than were promised, so that the
 * connection breaks and nobody takes a part for the whole.
 */
export async function* exactly(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const chunk of chunks) {
    passed += chunk.length;
    if (passed > length) throw new Error(`more than the ${length} bytes that were announced`);
    if (chunk.length > 0) yield chunk;
  }
  if (passed < length) throw new Error(`${passed} of the ${length} bytes that were announced`);
}
