import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Snapshot } from "../resource.ts";
import { resource, snapshotOf } from "./fixtures/support.ts";
import { StateWriter } from "./writer.ts";

/** A disk whose writes end when the test says so. */
function slowDisk() {
  const started: Snapshot[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const writer = new StateWriter((snapshot) => {
    started.push(snapshot);
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  });
  const begun = async (count: number) => {
    while (started.length < count) await sleep(1);
    return ends[count - 1] ?? expect.fail();
  };
  return { writer, started, begun };
}

const snapshots = Array.from({ length: 100 }, (_, index) => snapshotOf(resource(`r${index}`)));

describe("the state writer", () => {
  it("writes the newest of many snapshots, one write at a time, and acknowledges only what is written", async () => {
    const { writer, started, begun } = slowDisk();
    const acknowledged: number[] = [];
    const save = (index: number) => writer.save(snapshots[index] ?? expect.fail()).then(() => acknowledged.push(index));
    const first = save(0);
    const end = await begun(1);
    const rest = snapshots.slice(1).map((_, index) => save(index + 1));
    await sleep(5);
    expect(started).toEqual([snapshots[0]]);
    expect(acknowledged).toEqual([]);
    end.resolve();
    await first;
    expect(acknowledged).toEqual([0]);
    (await begun(2)).resolve();
    await Promise.all(rest);
    expect(started).toEqual([snapshots[0], snapshots[99]]);
    expect(acknowledged).toHaveLength(100);
  });

  it("flush waits for everything that was saved, and does nothing when there is nothing", async () => {
    const { writer, started, begun } = slowDisk();
    await writer.flush();
    void writer.save(snapshotOf());
    let flushed = false;
    const flush = writer.flush().then(() => {
      flushed = true;
    });
    const end = await begun(1);
    expect(flushed).toBe(false);
    end.resolve();
    await flush;
    expect(started).toHaveLength(1);
  });

  it("rejects the saves that a failed write stood for, and tries the newest once more when flushed", async () => {
    const { writer, started, begun } = slowDisk();
    const [one, two] = [snapshotOf(resource("one")), snapshotOf(resource("two"))];
    const saves = Promise.allSettled([writer.save(one), writer.save(two)]);
    (await begun(1)).reject(new Error("disk full"));
    expect((await saves).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const flush = writer.flush();
    (await begun(2)).resolve();
    await flush;
    expect(started).toEqual([two, two]);
    await writer.flush();
    expect(started).toHaveLength(2);
  });

  it("rejects a flush when the newest snapshot still can't be written, even if nobody listened to its save", async () => {
    const { writer, begun } = slowDisk();
    void writer.save(snapshotOf());
    (await begun(1)).reject(new Error("disk full"));
    const flush = writer.flush();
    (await begun(2)).reject(new Error("still full"));
    await expect(flush).rejects.toThrow("still full");
  });

  it("goes on after a failure", async () => {
    const { writer, begun } = slowDisk();
    const failed = writer.save(snapshotOf());
    (await begun(1)).reject(new Error("disk full"));
    await expect(failed).rejects.toThrow();
    const saved = writer.save(snapshotOf(resource("a")));
    (await begun(2)).resolve();
    await saved;
    await writer.flush();
  });
});
