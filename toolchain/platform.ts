/** Where a program can run, as Go and the release archives name it. */
export const PLATFORMS = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"] as const;

export type Platform = (typeof PLATFORMS)[number];

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The platform of a Node process; `undefined` when the toolchain knows no program for it. */
export function platformOf(os: string, architecture: string): Platform | undefined {
  const name = `${os}-${ARCHITECTURES[architecture] ?? architecture}`;
  return PLATFORMS.find((platform) => platform === name);
}

/** "linux-arm64" as Go's GOOS and GOARCH. */
export function goTarget(platform: Platform): { readonly os: string; readonly arch: string } {
  const [os = "", arch = ""] = platform.split("-");
  return { os, arch };
}
