/**
 * What the operator's own account may run. The right to create Jobs in every namespace is nearly the right to everything in
 * them: this policy leaves of it the release's own worker, owned by one of our documents, without any right of its own.
 */
import { taskVariable } from "../jobs/worker-task.ts";
import { reportAudience, reportVariables } from "../reports/worker-report.ts";
import { apiGroup, kinds } from "../../domain/resources/resource.ts";
import { type AdmissionRule, admissionPolicy } from "./admission-policy.ts";
import { quoted, quotedList } from "./cel.ts";
import { type InstallOptions, operatorUser } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";

/** On a Namespace: its workers may be user 0, who reads every file. */
const privilegedWorkers = "longshore.dev/privileged-workers";

/** Who may be told what a worker reports; no other token is mounted into it. */
const tokenAudiences = [reportAudience, "longshore-sign"];
/** Beside the task, which may take several. */
const workerVariables = [...Object.values(reportVariables), "TMPDIR"];
const volumeTypes = ["configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"];

export function operatorPolicy({ image, namespace }: InstallOptions): readonly Manifest[] {
  return admissionPolicy({
    name: "longshore-operator",
    resourceRules: [
      { apiGroups: ["batch"], resources: ["jobs"], operations: ["CREATE", "UPDATE", "DELETE"] },
      { apiGroups: [""], resources: ["pods"], operations: ["CREATE", "UPDATE", "DELETE"] },
    ],
    matchConditions: [
      {
        name: "operator",
        expression: `request.userInfo.username == ${quoted(operatorUser(namespace))}`,
      },
    ],
    variables: {
      // Untyped: one expression for Jobs and pods.
      target: "request.operation == 'DELETE' ? dyn(oldObject) : dyn(object)",
      // What is changed must have been ours before: an owner can be patched in.
      before: "request.operation == 'CREATE' ? dyn(object) : dyn(oldObject)",
      // A Job's pods can't be changed after it was made, but for where they run.
      isNew: "request.operation == 'CREATE'",
      isPod: "request.kind.kind == 'Pod'",
      pod: "variables.isPod ? variables.target.spec : variables.target.spec.template.spec",
      containers: "variables.pod.containers + variables.pod.?initContainers.orValue([])",
      mayBeRoot: `namespaceObject.metadata.?annotations[?${quoted(privilegedWorkers)}].orValue('') == 'true'`,
    },
    validations: [owned, dryRun, ...podRules(image).map(ofNew)],
  });
}

const isOurs = (object: string): string =>
  `${object}.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false) && ` +
  `owner.apiVersion.startsWith(${quoted(`${apiGroup}/`)}) && owner.kind in ${quotedList(Object.keys(kinds))})`;

const owned: AdmissionRule = {
  expression: `${isOurs("variables.target")} && ${isOurs("variables.before")}`,
  message: "the operator may only have Jobs and pods that are owned by a document of longshore.dev",
};

const dryRun: AdmissionRule = {
  expression: "!variables.isPod || request.?dryRun.orValue(false)",
  message: "the operator may only try pods out (dryRun), and run them by Jobs",
};

const ofNew = ({ expression, message }: PodRule): AdmissionRule => ({
  expression: `!variables.isNew || (${expression})`,
  message: `the operator may only run workers ${message}`,
});

interface PodRule {
  readonly expression: string;
  /** After "workers". */
  readonly message: string;
}

const all = (expression: string): string => `variables.containers.all(c, ${expression})`;
const podOption = (name: string): string => `variables.pod.?${name}.orValue(false)`;
const podSecurity = "variables.pod.?securityContext";
const security = "c.?securityContext";

/** Ours, and those of the Pod Security Standard "restricted". */
function podRules(image: string): readonly PodRule[] {
  return [
    {
      expression: `${all(`c.image == ${quoted(image)}`)} && variables.pod.?ephemeralContainers.orValue([]).size() == 0`,
      message: `of the image ${image}`,
    },
    {
      expression: all("!has(c.command) && c.?args[?0].orValue('') == 'worker'"),
      message: "that run `longshore worker`",
    },
    {
      expression: all(
        "!has(c.lifecycle) && !has(c.livenessProbe) && !has(c.readinessProbe) && !has(c.startupProbe)",
      ),
      message: "without hooks and probes",
    },
    {
      // NODE_OPTIONS and the like would load other code into the same program.
      expression: all(
        "!has(c.envFrom) && c.?env.orValue([]).all(variable, !has(variable.valueFrom) && " +
          `(variable.name in ${quotedList(workerVariables)} || variable.name.matches(${quoted(`^${taskVariable}(_[0-9]+)?$`)})))`,
      ),
      message: `with the variables ${[taskVariable, ...workerVariables].join(", ")} alone`,
    },
    {
      expression:
        `!${podOption("hostNetwork")} && !${podOption("hostPID")} && !${podOption("hostIPC")} && ` +
        `${all("c.?ports.orValue([]).all(port, port.?hostPort.orValue(0) == 0)")} && ` +
        `variables.pod.?nodeName.orValue('') == ''`,
      message: "without the host's network, processes and ports",
    },
    {
      expression: `variables.pod.?volumes.orValue([]).all(volume, ${volumeTypes.map((type) => `has(volume.${type})`).join(" || ")})`,
      message: `with volumes of the types ${volumeTypes.join(", ")}`,
    },
    {
      expression:
        "variables.pod.?serviceAccountName.orValue('default') in ['', 'default'] && " +
        "has(variables.pod.automountServiceAccountToken) && !variables.pod.automountServiceAccountToken",
      message: "of the account default, without its token",
    },
    {
      expression:
        "variables.pod.?volumes.orValue([]).filter(volume, has(volume.projected)).all(volume, " +
        "volume.projected.?sources.orValue([]).all(source, !has(source.serviceAccountToken) || " +
        `source.serviceAccountToken.?audience.orValue('') in ${quotedList(tokenAudiences)}))`,
      message: `with tokens for ${tokenAudiences.join(" and ")} alone`,
    },
    {
      expression: all(
        `!${security}.?privileged.orValue(false) && !${security}.?allowPrivilegeEscalation.orValue(true) && ` +
          `${security}.?readOnlyRootFilesystem.orValue(false) && ${security}.?procMount.orValue('Default') == 'Default'`,
      ),
      message: "without privileges, with a read-only root",
    },
    {
      expression: all(
        `'ALL' in ${security}.?capabilities.?drop.orValue([]) && ${security}.?capabilities.?add.orValue([])` +
          ".all(capability, variables.mayBeRoot && capability == 'DAC_OVERRIDE')",
      ),
      message: `without capabilities; DAC_OVERRIDE takes the annotation ${privilegedWorkers} on the Namespace`,
    },
    {
      expression: `variables.mayBeRoot || ${all(
        `${security}.?runAsNonRoot.orValue(${podSecurity}.?runAsNonRoot.orValue(false)) && ` +
          `${security}.?runAsUser.orValue(1) != 0 && ${podSecurity}.?runAsUser.orValue(1) != 0`,
      )}`,
      message: `that are not user 0, which takes the annotation ${privilegedWorkers} on the Namespace`,
    },
    {
      expression: all(
        `${security}.?seccompProfile.?type.orValue(${podSecurity}.?seccompProfile.?type.orValue('')) in ['RuntimeDefault', 'Localhost']`,
      ),
      message: "with a seccomp profile",
    },
    {
      expression:
        `${podSecurity}.?sysctls.orValue([]).size() == 0 && ` +
        `!${podSecurity}.?windowsOptions.?hostProcess.orValue(false) && ` +
        all(`!${security}.?windowsOptions.?hostProcess.orValue(false)`),
      message: "without sysctls and host processes",
    },
    {
      expression: `variables.mayBeRoot || (${seLinuxOf(podSecurity)} && ${all(seLinuxOf(security))})`,
      message: `that choose no SELinux user, role or type, which takes the annotation ${privilegedWorkers} on the Namespace`,
    },
  ];
}

const seLinuxOf = (context: string): string => {
  const option = (name: string): string => `${context}.?seLinuxOptions.?${name}.orValue('')`;
  const types = quotedList(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);
  return `${option("type")} in ${types} && ${option("user")} == '' && ${option("role")} == ''`;
};
