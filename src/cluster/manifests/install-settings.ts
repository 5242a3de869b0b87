/** The keys of `--set`: what each means and what it is unless said. Every command loads this list, so it needs no package. */

import { usualRunningLimits } from "../../domain/running-limits.ts";

export interface InstallSetting {
  readonly key: string;
  readonly meaning: string;
  /** "" for none, or for what depends on the version. */
  readonly standard: string;
}

export const installSettings: readonly InstallSetting[] = [
  {
    key: "image",
    meaning: "image of operator and workers (default: longshore of this version)",
    standard: "",
  },
  { key: "imagePullPolicy", meaning: "when a node fetches the image", standard: "IfNotPresent" },
  {
    key: "imagePullSecret",
    meaning: "Secret in the system's namespace with which nodes fetch the operator's image",
    standard: "",
  },
  { key: "namespace", meaning: "the system's own namespace", standard: "longshore-system" },
  { key: "replicas", meaning: "operators, of which one leads", standard: "2" },
  { key: "cpu", meaning: "processors that each operator asks for", standard: "100m" },
  { key: "memory", meaning: "memory that each operator asks for and may have", standard: "256Mi" },
  {
    key: "maxRunning",
    meaning: "exports that run at the same time; the others wait for their turn",
    standard: String(usualRunningLimits.maxRunning),
  },
  {
    key: "maxRunningPerNamespace",
    meaning: "the same of one namespace",
    standard: String(usualRunningLimits.maxRunningPerNamespace),
  },
  { key: "priorityClassName", meaning: "PriorityClass of the operators", standard: "" },
  {
    key: "apiServerPorts",
    meaning: "ports at which the operators may reach the API server, where the network has policies",
    // The Service's, and those behind it of kubeadm and most clouds, minikube and microk8s.
    standard: "443,6443,8443,16443",
  },
];
