import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../../engine/index.ts";
import {
  begin,
  cluster,
  end,
  kwok,
  loaded,
  made,
  message,
  namespace,
  phase,
  planOf,
  service,
  status,
  violation,
} from "../testing/events.ts";
import { emptyView, reduce } from "../view.ts";
import { heartbeat, type PlainOptions, plainLines } from "./plain.ts";
import { styleFor } from "./style.ts";

function lines(events: readonly EngineEvent[], more: Partial<PlainOptions> = {}): string[] {
  let view = emptyView(0);
  return events.flatMap((event) => {
    const before = view;
    view = reduce(view, event, 2_000);
    const options = { style: styleFor(false), verbose: false, now: 2_000, refreshing: false, ...more };
    return plainLines(event, before, view, options);
  });
}

const web = service("web");

describe("a log", () => {
  it("has a line for the plan, and one for each resource that was changed", () => {
    const events = [
      loaded,
      ...planOf(["web"]),
      phase("apply"),
      end(cluster),
      ...made(kwok, 6_100),
      begin(namespace),
      status(namespace, "waiting"),
      end(namespace),
      end(web.account, "same"),
      violation({ level: "advisory" }),
    ];
    expect(lines(events)).toEqual([
      "planned in 0.0 s: 9 to create",
      "+ created cluster-kwok  weft-native:cluster:Kwok  6.1 s",
      "+ created shop-namespace  kubernetes:core/v1:Namespace",
    ]);
  });

  it("tells of a failure when it happens, in a line", () => {
    const failed = end(kwok, "create", { error: "no room\ndetails" });
    expect(lines([phase("apply"), begin(kwok), failed, message("error", "the program failed")])).toEqual([
      "✗ creating cluster-kwok: no room",
    ]);
  });

  it("leaves what a plan has to say to the end", () => {
    const failed = end(kwok, "create", { phase: "plan", error: "bad" });
    expect(lines([phase("plan"), failed, message("error", "bad"), violation()])).toEqual([]);
  });

  it("repeats no warning, and hands on what the program prints", () => {
    expect(
      lines([message("warning", "careful\nvery"), message("warning", "careful\nvery"), message("info", "a\nb")]),
    ).toEqual(["! careful\nvery", "a", "b"]);
  });

  it("says of a refresh what was found, not done", () => {
    const found = [phase("apply"), end(kwok, "same"), end(namespace, "delete"), end(web.account, "refresh")];
    expect(lines(found, { refreshing: true })).toEqual([
      "- gone shop-namespace  kubernetes:core/v1:Namespace",
      "~ changed web-service-account  kubernetes:core/v1:ServiceAccount",
    ]);
  });

  it("says everything with --verbose", () => {
    const events = [
      loaded,
      phase("apply"),
      end(cluster),
      begin(kwok),
      status(kwok, "starting"),
      end(web.account, "same"),
    ];
    expect(lines(events, { verbose: true })).toEqual([
      "policies: weft-policies 0.1.0",
      "+ created cluster  weft:cluster:KwokCluster",
      "  starting",
      "  unchanged web-service-account  kubernetes:core/v1:ServiceAccount",
    ]);
  });
});

describe("a sign of life", () => {
  const at = (events: readonly EngineEvent[], now: number): string =>
    heartbeat(
      events.reduce((view, event) => reduce(view, event, 0), emptyView(0)),
      now,
    );

  it("says how far it is, what it waits for, and how long that takes", () => {
    expect(at([], 1_000)).toBe("starting (1.0 s)");
    expect(at([phase("plan"), end(kwok, "same")], 11_000)).toBe("planning, 1 resource so far (11 s)");
    const running = [...planOf(["web"]), phase("apply"), begin(kwok), status(kwok, "building etcd"), begin(namespace)];
    expect(at(running, 31_000)).toBe("0 of 9 done (31 s); cluster-kwok: building etcd for 31 s, and 1 other");
    expect(at([phase("apply"), status(kwok, "looking")], 20_000)).toBe("0 of 0 done (20 s): looking");
  });
});
