import type { Platform } from "./platform.ts";

/** One program of the toolchain: its version, how it tells it, and every way to obtain it. Plain data. */
export interface Tool {
  /** The program's file name. */
  readonly name: string;
  /** Exact version, without a leading "v". */
  readonly version: string;
  /** How the program is asked for its version, and where the answer holds it (first group, without "v"). */
  readonly ask: { readonly args: readonly string[]; readonly answer: RegExp };
  readonly releases: Readonly<Record<Platform, Release | NoRelease>>;
  readonly go: GoBuild;
}

/** An officially released file. */
export interface Release {
  readonly url: string;
  /** The archive the program lies in; absent when the file is the program itself. */
  readonly archive?: { readonly format: "tar.gz" | "zip"; readonly member: string };
  /** SHA-256 of the file at `url`. */
  readonly checksum: Checksum;
}

/**
 * "pinned": the value is written down here, so that neither a changed release nor the network can change what runs.
 * "published": the value is read from a file that the release publishes beside the program. It detects a broken
 * transfer and a tampered mirror of the program alone, not a release whose program and checksum were both changed.
 */
export type Checksum =
  | { readonly kind: "pinned"; readonly sha256: string }
  | { readonly kind: "published"; readonly url: string };

export interface NoRelease {
  /** Why there is no release to use; shown to the user. */
  readonly unavailable: string;
}

/** A build from the modules pinned in go.mod and go.sum of this folder. */
export interface GoBuild {
  readonly package: string;
  /** String variables set by the linker (`-X`), by import path and name. */
  readonly variables: Readonly<Record<string, string>>;
}
