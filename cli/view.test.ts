import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../engine/index.ts";
import {
  begin,
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
} from "./testing/events.ts";
import { emptyView, foresee, itemsOf, progressOf, reduce, type View } from "./view.ts";

const web = service("web");

function viewAfter(events: readonly EngineEvent[], from: View = emptyView(0), now = 0): View {
  return events.reduce((view, event) => reduce(view, event, now), from);
}

describe("the view of an operation", () => {
  it("changes nothing of the one before", () => {
    const before = viewAfter(planOf(["web"]));
    const frozen = structuredClone(before);
    viewAfter([phase("apply"), begin(kwok), status(kwok, "x"), end(kwok), message("warning", "w")], before);
    expect(before).toEqual(frozen);
  });

  it("knows from the plan what is to be done, and counts down to it", () => {
    const planned = viewAfter([...planOf(["web"]), phase("apply")]);
    expect(progressOf(planned)).toMatchObject({ total: 9, done: 0, unchanged: 0, running: [] });
    const going = viewAfter([...made(kwok), begin(namespace)], planned);
    expect(progressOf(going)).toMatchObject({ total: 9, done: 1 });
    expect(progressOf(going).running.map(({ ref }) => ref.name)).toEqual(["shop-namespace"]);
  });

  it("leaves what stays as it is out of the count", () => {
    const view = viewAfter([phase("plan"), end(kwok, "same", { phase: "plan" }), phase("apply"), end(kwok, "same")]);
    expect(progressOf(view)).toMatchObject({ total: 0, done: 0, unchanged: 1 });
  });

  it("counts a replacement as two pieces of work on one resource", () => {
    const { deployment } = web;
    const view = viewAfter([
      phase("apply"),
      begin(deployment, "replace"),
      end(deployment, "replace"),
      begin(deployment, "delete-original"),
    ]);
    expect(itemsOf(view).map(({ operation, state }) => [operation, state])).toEqual([
      ["replace", "done"],
      ["delete-original", "running"],
    ]);
  });

  it("forgets a refresh once the plan begins, but none of its failures", () => {
    const refreshed = viewAfter([phase("apply"), end(kwok, "refresh", { error: "no answer" }), phase("plan")]);
    expect(itemsOf(refreshed)).toEqual([]);
    expect(refreshed.failures).toHaveLength(1);
  });

  it("measures a piece of work from its begin, and shows the longest first", () => {
    let view = reduce(emptyView(0), phase("apply"), 0);
    view = reduce(view, begin(kwok), 1_000);
    view = reduce(view, begin(namespace), 3_000);
    expect(progressOf(view).running.map(({ ref, since }) => [ref.name, since])).toEqual([
      ["cluster-kwok", 1_000],
      ["shop-namespace", 3_000],
    ]);
  });

  it("keeps what a running resource waits for, and what nothing that runs says", () => {
    const view = viewAfter([
      phase("apply"),
      begin(kwok),
      status(kwok, "starting etcd"),
      status(namespace, "elsewhere"),
    ]);
    expect(progressOf(view).running[0]?.status).toBe("starting etcd");
    expect(view.note).toBe("elsewhere");
    expect(itemsOf(viewAfter([end(kwok)], view))[0]?.status).toBeUndefined();
  });

  it("tells components, whose work never begins, from resources", () => {
    const view = viewAfter(planOf(["web"]));
    const work = itemsOf(view).filter((item) => item.work);
    expect(work.map(({ ref }) => ref.name).sort()).toEqual(
      ["cluster-kwok", "shop-namespace", "web-deployment", "web-service", "web-service-account"].sort(),
    );
  });

  it("knows beforehand what a destruction deletes", () => {
    const view = foresee(
      emptyView(0),
      [
        { ref: kwok, work: true },
        { ref: namespace, work: true },
      ],
      "delete",
    );
    expect(progressOf(view)).toMatchObject({ total: 2, done: 0 });
    const going = viewAfter(
      [phase("apply"), begin(kwok, "delete"), end(kwok, "delete"), end(namespace, "discard")],
      view,
    );
    expect(progressOf(going)).toMatchObject({ total: 2, done: 2 });
  });

  it("is applying once something may have been written, and not before", () => {
    expect(viewAfter(planOf([])).applying).toBe(false);
    expect(viewAfter([...planOf([]), phase("apply")]).applying).toBe(true);
  });
});

describe("what was said on the way", () => {
  it("is kept once: warnings and packs that come in the plan and again", () => {
    const view = viewAfter([
      loaded,
      message("warning", "w"),
      message("warning", "w"),
      loaded,
      message("info", "hello"),
    ]);
    expect(view.warnings).toEqual([{ text: "w", urn: undefined }]);
    expect(view.packs).toHaveLength(1);
  });

  it("makes an error a failure, with its resource where it has one", () => {
    const view = viewAfter([phase("apply"), begin(kwok), message("error", "bad", kwok.urn), message("error", "worse")]);
    expect(view.failures.map(({ resource, text }) => [resource?.name, text])).toEqual([
      ["cluster-kwok", "bad"],
      [undefined, "worse"],
    ]);
  });

  it("takes what a rule could not decide for settled when the plan is: it is asked again", () => {
    const open = violation({ level: "advisory", undecided: true });
    const planned = viewAfter([phase("plan"), open, violation(), violation()]);
    expect(planned.violations).toHaveLength(2);
    expect(viewAfter([phase("apply")], planned).violations.map(({ undecided }) => undecided)).toEqual([false]);
  });
});
