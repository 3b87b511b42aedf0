import { UnknownValueError } from "./undecided.ts";

/**
 * A place in a resource's properties, read one step at a time.
 *
 * In a preview the SDK wraps properties so that touching an unknown value throws and ends the whole rule. Reading step
 * by step confines an unknown to the place where it is: `unknown` is true there and below, and nowhere else. Whether
 * that leaves a rule undecided is for the rule to say.
 */
export class Field {
  /** As Kubernetes writes it: `spec.template.spec.containers[0].image`; empty for the object itself. */
  readonly path: string;
  readonly unknown: boolean;
  /** `undefined` when the field is unknown, absent, or null, which Kubernetes takes for absent. */
  readonly value: unknown;

  private constructor(path: string, value: unknown, unknown: boolean) {
    this.path = path;
    this.value = value ?? undefined;
    this.unknown = unknown;
  }

  static of(value: unknown, path = ""): Field {
    return new Field(path, value, false);
  }

  static #read(holder: object, key: string | number, path: string): Field {
    try {
      return new Field(path, Reflect.get(holder, key), false);
    } catch (error) {
      if (error instanceof UnknownValueError) return new Field(path, undefined, true);
      throw error;
    }
  }

  get absent(): boolean {
    return !this.unknown && this.value === undefined;
  }

  get isObject(): boolean {
    return isObject(this.value);
  }

  get isList(): boolean {
    return Array.isArray(this.value);
  }

  /** The value when it is a string that is not empty. */
  get text(): string | undefined {
    return typeof this.value === "string" && this.value !== "" ? this.value : undefined;
  }

  /** One field of this object. Below an unknown everything is that unknown; what is no object has no fields. */
  get(key: string): Field {
    if (this.unknown) return this;
    const path = this.path === "" ? key : `${this.path}${pathStep(key)}`;
    if (!isObject(this.value) || !Object.hasOwn(this.value, key)) return Field.of(undefined, path);
    return Field.#read(this.value, key, path);
  }

  /** Follows several keys. */
  at(keys: readonly string[]): Field {
    return keys.reduce((field: Field, key) => field.get(key), this);
  }

  /** The fields of this object, by key; none when it is unknown, absent or no object. */
  entries(): [string, Field][] {
    return isObject(this.value) ? Object.keys(this.value).map((key) => [key, this.get(key)]) : [];
  }

  /** The items of this list; none when it is unknown, absent or no list. */
  items(): Field[] {
    const list = this.value;
    if (!Array.isArray(list)) return [];
    // By index: a wrapped list's own methods touch every item, and one unknown item would end them.
    return Array.from({ length: list.length }, (_, index) => Field.#read(list, index, `${this.path}[${index}]`));
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pathStep(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** What stands in a field, for messages: text and numbers as they are, a structure by its kind only. */
export function found({ value }: Field): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
