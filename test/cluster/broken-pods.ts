/** Pods that the operator's account may not run, made of one that it may, with the sentence that says so. */
import { mergePatched } from "../../src/gateway/operations/merge-patch.ts";

type Change = (pod: object) => object;

/** A merge patch, in which the containers are changed one by one. */
const pod =
  (patch: object): Change =>
  (spec) =>
    mergePatched(spec, patch) as object;
const container =
  (patch: object): Change =>
  (spec) => {
    const { containers } = spec as { readonly containers: readonly object[] };
    return { ...spec, containers: containers.map((each) => mergePatched(each, patch)) };
  };
const variable =
  (more: object): Change =>
  (spec) => {
    const { containers } = spec as { readonly containers: readonly { readonly env: readonly object[] }[] };
    return { ...spec, containers: containers.map((each) => ({ ...each, env: [...each.env, more] })) };
  };
const volume =
  (source: object): Change =>
  (spec) => {
    const { volumes } = spec as { readonly volumes: readonly object[] };
    return { ...spec, volumes: [...volumes, { name: "more", ...source }] };
  };
const second =
  (list: string, extra: object): Change =>
  (spec) => {
    const { containers } = spec as { readonly containers: readonly object[] };
    const before = (spec as Record<string, readonly object[] | undefined>)[list] ?? [];
    return { ...spec, [list]: [...before, { ...containers[0], name: "more", ...extra }] };
  };
const security = (securityContext: object): Change => container({ securityContext });
const token = (audience?: string): object => ({
  projected: { sources: [{ serviceAccountToken: { path: "token", ...(audience && { audience }) } }] },
});

export const brokenPods: readonly (readonly [string, Change])[] = [
  ["of the image longshore:dev", container({ image: "evil:1" })],
  ["of the image longshore:dev", container({ image: "longshore:dev2" })],
  ["of the image longshore:dev", second("initContainers", { image: "evil:1" })],
  ["of the image longshore:dev", second("containers", { image: "evil:1" })],
  ["that run `longshore worker`", container({ command: ["/bin/sh"] })],
  ["that run `longshore worker`", container({ args: ["serve"] })],
  ["that run `longshore worker`", container({ args: null })],
  ["without hooks and probes", container({ lifecycle: { postStart: { exec: { command: ["/bin/sh"] } } } })],
  ["without hooks and probes", container({ livenessProbe: { exec: { command: ["/bin/sh"] } } })],
  ["without hooks and probes", container({ readinessProbe: { exec: { command: ["/bin/sh"] } } })],
  ["without hooks and probes", container({ startupProbe: { exec: { command: ["/bin/sh"] } } })],
  ["with the variables LONGSHORE_JOB", variable({ name: "NODE_OPTIONS", value: "--import=/scratch/x.mjs" })],
  ["with the variables LONGSHORE_JOB", variable({ name: "LONGSHORE_JOB_X", value: "x" })],
  [
    "with the variables LONGSHORE_JOB",
    variable({ name: "LONGSHORE_JOB_9", valueFrom: { secretKeyRef: { name: "key", key: "x" } } }),
  ],
  ["with the variables LONGSHORE_JOB", container({ envFrom: [{ secretRef: { name: "key" } }] })],
  ["without the host's network", pod({ hostNetwork: true })],
  ["without the host's network", pod({ hostPID: true })],
  ["without the host's network", pod({ hostIPC: true })],
  ["without the host's network", pod({ nodeName: "node1" })],
  ["without the host's network", container({ ports: [{ containerPort: 80, hostPort: 80 }] })],
  ["with volumes of the types", volume({ hostPath: { path: "/" } })],
  ["with volumes of the types", volume({ nfs: { server: "x", path: "/" } })],
  ["of the account default, without its token", pod({ automountServiceAccountToken: null })],
  ["of the account default, without its token", pod({ automountServiceAccountToken: true })],
  ["of the account default, without its token", pod({ serviceAccountName: "admin" })],
  ["with tokens for longshore-report and longshore-sign alone", volume(token())],
  [
    "with tokens for longshore-report and longshore-sign alone",
    volume(token("https://kubernetes.default.svc")),
  ],
  [
    "without privileges, with a read-only root",
    security({ privileged: true, allowPrivilegeEscalation: null }),
  ],
  ["without privileges, with a read-only root", security({ allowPrivilegeEscalation: null })],
  ["without privileges, with a read-only root", security({ readOnlyRootFilesystem: false })],
  ["without capabilities", security({ capabilities: { drop: ["CHOWN"] } })],
  ["without capabilities", security({ capabilities: { add: ["DAC_OVERRIDE"] } })],
  ["without capabilities", security({ capabilities: { add: ["SYS_ADMIN"] } })],
  ["that are not user 0", pod({ securityContext: { runAsNonRoot: null } })],
  ["that are not user 0", security({ runAsNonRoot: false })],
  ["that are not user 0", pod({ securityContext: { runAsUser: 0 } })],
  ["with a seccomp profile", pod({ securityContext: { seccompProfile: null } })],
  ["with a seccomp profile", security({ seccompProfile: { type: "Unconfined" } })],
  [
    "without sysctls",
    pod({ securityContext: { sysctls: [{ name: "kernel.shm_rmid_forced", value: "1" }] } }),
  ],
  ["that choose no SELinux user", security({ seLinuxOptions: { type: "spc_t" } })],
  ["that choose no SELinux user", pod({ securityContext: { seLinuxOptions: { user: "system_u" } } })],
];
