/** One chunk of a RIFF file: name, length, content, and a byte more where the length is odd. */
export function riffChunk(name: string, content: Uint8Array, claimed = content.length): Buffer {
  const chunk = Buffer.alloc(8 + content.length + (content.length % 2));
  chunk.write(name, 0, 4, 'latin1');
  chunk.writeUInt32LE(claimed, 4);
  chunk.set(content, 8);
  return chunk;
}
