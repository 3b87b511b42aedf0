const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * The checksum of `file` in a published checksum file: either one bare sum, or lines of a sum and a name as
 * `sha256sum` writes them. `undefined` when the text holds none for that file.
 */
export function findChecksum(text: string, file: string): string | undefined {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length === 1 && lines[0] !== undefined && SHA256.test(lines[0])) return lines[0].toLowerCase();
  for (const line of lines) {
    const [, sum = "", name = ""] = /^(\S+)\s+\*?(?:\.\/)?(.+)$/.exec(line) ?? [];
    if (name === file && SHA256.test(sum)) return sum.toLowerCase();
  }
  return undefined;
}
