import { describe, expect, it } from "vitest";
import { CONTAINER, DEPLOYMENT, deployment, type JsonObject, judge, PASS, podSpec, UNKNOWN } from "../fixtures.ts";
import { hostNamespaces } from "./host-namespaces.ts";
import { hostPath } from "./host-path.ts";
import { hostPort } from "./host-port.ts";
import { hostPrivileged } from "./host-privileged.ts";

const SPEC = "spec.template.spec";
const withSpec = (changes: JsonObject) => deployment(podSpec(changes));
const withContainers = (...changes: JsonObject[]) =>
  withSpec({ containers: changes.map((change, index) => ({ ...CONTAINER, name: `c${index}`, ...change })) });
const undecided = (what: string) => ({
  ...PASS,
  undecided: `undecided until this is known: Deployment shop/orders${what}`,
});

describe("host-privileged", () => {
  const secure = (securityContext: JsonObject | null) => withContainers({ securityContext });

  it.each([
    ["no security context", withContainers({ securityContext: null })],
    ["one that does not say", secure({ runAsNonRoot: true })],
    ["false", secure({ privileged: false })],
    ["null", secure({ privileged: null })],
    ["Windows options without hostProcess", withSpec({ securityContext: { windowsOptions: { hostProcess: false } } })],
  ])("passes %s", async (_, props) => {
    expect(await judge(hostPrivileged, DEPLOYMENT, props)).toEqual(PASS);
  });

  it.each([true, "true", 1])("rejects %j, and says what to remove", async (privileged) => {
    const field = `${SPEC}.containers[0].securityContext.privileged`;
    expect((await judge(hostPrivileged, DEPLOYMENT, secure({ privileged }))).violations).toEqual([
      `Deployment shop/orders, container "c0": ${field} is ${JSON.stringify(privileged)}.\nFix: remove ${field}, or set it to false`,
    ]);
  });

  it("rejects it in containers of every role", async () => {
    const bad = { image: "x:1", securityContext: { privileged: true } };
    const spec = {
      containers: [{ ...bad, name: "a" }],
      initContainers: [
        { ...bad, name: "b" },
        { ...bad, name: "c", restartPolicy: "Always" },
      ],
      ephemeralContainers: [{ ...bad, name: "d" }],
    };
    const { violations } = await judge(hostPrivileged, DEPLOYMENT, deployment(spec));
    expect(violations.map((message) => message.split(":")[0])).toEqual([
      'Deployment shop/orders, container "a"',
      'Deployment shop/orders, init container "b"',
      'Deployment shop/orders, sidecar "c"',
      'Deployment shop/orders, ephemeral container "d"',
    ]);
  });

  it.each([
    ["the pod", withSpec({ securityContext: { windowsOptions: { hostProcess: true } } }), `${SPEC}.securityContext`],
    ["a container", secure({ windowsOptions: { hostProcess: true } }), `${SPEC}.containers[0].securityContext`],
  ])("rejects a Windows HostProcess in %s", async (_, props, holder) => {
    const { violations } = await judge(hostPrivileged, DEPLOYMENT, props);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toContain(
      `${holder}.windowsOptions.hostProcess is true.\nFix: remove ${holder}.windowsOptions`,
    );
  });

  it("is undecided about an unknown, and judges the container beside it", async () => {
    const props = withContainers({ securityContext: UNKNOWN }, { securityContext: { privileged: true } });
    const verdict = await judge(hostPrivileged, DEPLOYMENT, props);
    expect(verdict.undecided).toBe(undecided(`, container "c0": ${SPEC}.containers[0].securityContext`).undecided);
    expect(verdict.violations.map((message) => message.split(":")[0])).toEqual([
      'Deployment shop/orders, container "c1"',
    ]);
  });
});

describe("host-namespaces", () => {
  it.each<JsonObject>([{}, { hostNetwork: false, hostPID: null, hostIPC: false }])("passes %j", async (spec) => {
    expect(await judge(hostNamespaces, DEPLOYMENT, withSpec(spec))).toEqual(PASS);
  });

  it.each(["hostNetwork", "hostPID", "hostIPC"])("rejects %s, and says what to remove", async (key) => {
    expect((await judge(hostNamespaces, DEPLOYMENT, withSpec({ [key]: true }))).violations).toEqual([
      `Deployment shop/orders: ${SPEC}.${key} is true.\nFix: remove ${SPEC}.${key}, or set it to false`,
    ]);
    expect((await judge(hostNamespaces, DEPLOYMENT, withSpec({ [key]: "yes" }))).violations).toHaveLength(1);
  });

  it("rejects each of several", async () => {
    const props = withSpec({ hostNetwork: true, hostPID: true, hostIPC: true });
    expect((await judge(hostNamespaces, DEPLOYMENT, props)).violations).toHaveLength(3);
  });

  it("is undecided about an unknown, and judges those beside it", async () => {
    const verdict = await judge(hostNamespaces, DEPLOYMENT, withSpec({ hostNetwork: UNKNOWN, hostPID: true }));
    expect(verdict.undecided).toBe(undecided(`: ${SPEC}.hostNetwork`).undecided);
    expect(verdict.violations).toHaveLength(1);
  });
});

describe("host-port", () => {
  const ports = (...list: JsonObject[]) => withContainers({ ports: list });

  it.each([
    ["no ports", withContainers({ ports: null })],
    ["ports of its own", ports({ containerPort: 80 }, { containerPort: 81, hostPort: null })],
    ["a hostPort of 0, which is none", ports({ containerPort: 80, hostPort: 0 })],
    ["unknown ports of its own", ports({ containerPort: UNKNOWN, name: UNKNOWN })],
  ])("passes %s", async (_, props) => {
    expect(await judge(hostPort, DEPLOYMENT, props)).toEqual(PASS);
  });

  it("rejects each port of the node, and says what to remove", async () => {
    const props = ports(
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 81 },
      { containerPort: 82, hostPort: "82" },
    );
    const field = (index: number) => `${SPEC}.containers[0].ports[${index}].hostPort`;
    expect((await judge(hostPort, DEPLOYMENT, props)).violations).toEqual([
      `Deployment shop/orders, container "c0": ${field(0)} is 8080.\nFix: remove ${field(0)}, and keep containerPort`,
      `Deployment shop/orders, container "c0": ${field(2)} is "82".\nFix: remove ${field(2)}, and keep containerPort`,
    ]);
  });

  it.each([
    ["ports", withContainers({ ports: UNKNOWN }), "ports"],
    ["one port", withContainers({ ports: [UNKNOWN] }), "ports[0]"],
    ["a hostPort", ports({ containerPort: 80, hostPort: UNKNOWN }), "ports[0].hostPort"],
  ])("is undecided about unknown %s", async (_, props, path) => {
    expect(await judge(hostPort, DEPLOYMENT, props)).toEqual(
      undecided(`, container "c0": ${SPEC}.containers[0].${path}`),
    );
  });
});

describe("host-path", () => {
  const volumes = (...list: (JsonObject | string)[]) => withSpec({ volumes: list });

  it.each([
    ["no volumes", withSpec({ volumes: null })],
    [
      "other volumes",
      volumes({ name: "tmp", emptyDir: {} }, { name: "data", persistentVolumeClaim: { claimName: UNKNOWN } }),
    ],
    ["a null hostPath", volumes({ name: "tmp", hostPath: null })],
  ])("passes %s", async (_, props) => {
    expect(await judge(hostPath, DEPLOYMENT, props)).toEqual(PASS);
  });

  it("rejects each, and says what to put in its place", async () => {
    const props = volumes(
      { name: "sock", hostPath: { path: "/run/containerd/containerd.sock" } },
      { name: "tmp", emptyDir: {} },
      { hostPath: {} },
    );
    const field = (index: number) => `${SPEC}.volumes[${index}].hostPath`;
    const instead = "an emptyDir, a ConfigMap or a persistentVolumeClaim";
    expect((await judge(hostPath, DEPLOYMENT, props)).violations).toEqual([
      `Deployment shop/orders, volume "sock": ${field(0)} mounts "/run/containerd/containerd.sock" of the node.\n` +
        `Fix: replace ${field(0)} by ${instead}`,
      `Deployment shop/orders: ${field(2)} mounts a path of the node.\nFix: replace ${field(2)} by ${instead}`,
    ]);
  });

  it("rejects a path that is not known yet: any is wrong", async () => {
    const { violations, undecided: open } = await judge(
      hostPath,
      DEPLOYMENT,
      volumes({ name: "x", hostPath: { path: UNKNOWN } }),
    );
    expect(violations).toHaveLength(1);
    expect(open).toBeUndefined();
  });

  it.each([
    ["volumes", withSpec({ volumes: UNKNOWN }), ": spec.template.spec.volumes"],
    ["one volume", volumes(UNKNOWN), ": spec.template.spec.volumes[0]"],
    ["a hostPath", volumes({ name: "x", hostPath: UNKNOWN }), ', volume "x": spec.template.spec.volumes[0].hostPath'],
  ])("is undecided about unknown %s", async (_, props, what) => {
    expect(await judge(hostPath, DEPLOYMENT, props)).toEqual(undecided(what));
  });

  describe("of a PersistentVolume", () => {
    const type = "kubernetes:core/v1:PersistentVolume";
    const volume = (spec: JsonObject | string) => ({ metadata: { name: "disk" }, spec });
    const violation =
      'PersistentVolume disk: spec.hostPath mounts "/data" of the node.\n' +
      "Fix: replace spec.hostPath by a csi driver or a StorageClass";

    it("passes another source", async () => {
      expect(await judge(hostPath, type, volume({ csi: { driver: "ebs.csi.aws.com" } }))).toEqual(PASS);
    });

    it("rejects a local volume, which is a path or a disk of the node under another name", async () => {
      const local = volume({ local: { path: "/mnt/disk" }, nodeAffinity: { required: {} } });
      expect((await judge(hostPath, type, local)).violations).toEqual([
        'PersistentVolume disk: spec.local mounts "/mnt/disk" of the node.\n' +
          "Fix: replace spec.local by a csi driver or a StorageClass",
      ]);
    });

    it("rejects a hostPath, in a list and in a patch too", async () => {
      const bad = volume({ hostPath: { path: "/data" } });
      expect((await judge(hostPath, type, bad)).violations).toEqual([violation]);
      expect((await judge(hostPath, `${type}Patch`, bad)).violations).toEqual([violation]);
      const list = await judge(hostPath, `${type}List`, { items: [volume({}), bad] });
      expect(list.violations).toEqual([violation.replaceAll("spec.", "items[1].spec.")]);
    });

    it("is undecided about an unknown spec", async () => {
      const verdict = await judge(hostPath, type, volume(UNKNOWN));
      expect(verdict.undecided).toBe("undecided until this is known: PersistentVolume disk: spec");
    });
  });
});
