/** `auto` decides by what is on this machine. */
export const ENGINES = ["auto", "pulumi", "builtin"] as const;
export type EngineFlag = (typeof ENGINES)[number];

/** The stack that is meant when none is named. */
export const DEFAULT_STACK = "local";

/** What every command takes. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly cwd?: string;
  /** `false` with --no-color. */
  readonly color?: boolean;
  readonly verbose?: boolean;
  readonly engine?: EngineFlag;
  readonly policyPack?: readonly string[];
}

/** What the commands take that run an engine. */
export interface OperationFlags extends CommonFlags {
  readonly quiet?: boolean;
  readonly timestamps?: boolean;
  /** up, destroy: don't ask. */
  readonly yes?: boolean;
  /** up: look at what is really there first. */
  readonly refresh?: boolean;
  /** destroy: forget the stack afterwards. */
  readonly remove?: boolean;
}
