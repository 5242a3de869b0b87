import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { installSettings } from "./install-settings.ts";
import { parseInstallOptions } from "./parse-install-options.ts";

suite("settings of an installation", () => {
  test("have defaults, and the image of this version", () => {
    assert.deepEqual(parseInstallOptions({}, "1.2.3"), {
      image: "longshore:1.2.3",
      imagePullPolicy: "IfNotPresent",
      imagePullSecret: "",
      namespace: "longshore-system",
      replicas: 2,
      cpu: "100m",
      memory: "256Mi",
      maxRunning: 20,
      maxRunningPerNamespace: 5,
      priorityClassName: "",
      apiServerPorts: [443, 6443, 8443, 16443],
    });
    assert.deepEqual(
      installSettings.map(({ key }) => key),
      Object.keys(parseInstallOptions({}, "1.2.3")),
    );
  });

  test("can be chosen", () => {
    const image = "registry.example.com:5000/team/longshore@sha256:abc";
    const chosen = { image, replicas: "3", namespace: "exports", imagePullSecret: "registry" };
    assert.deepEqual(parseInstallOptions(chosen, "1.2.3"), {
      ...parseInstallOptions({}, "1.2.3"),
      ...chosen,
      replicas: 3,
    });
  });

  const wrong: Record<string, [Record<string, string>, RegExp]> = {
    "an unknown key": [{ imagee: "x" }, /^--set imagee: there is no such setting$/],
    "a key of every object": [{ constructor: "x" }, /^--set constructor: there is no such setting$/],
    "no image": [{ image: "" }, /^--set image="": is no reference of an image$/],
    "an image with a quote": [{ image: "x'" }, /is no reference of an image/],
    "no operator": [{ replicas: "0" }, /^--set replicas="0": is no number from 1 to 9$/],
    "a namespace that is none": [
      { namespace: "Exports" },
      /^--set namespace="Exports": is no name of a namespace$/,
    ],
    "no such policy": [{ imagePullPolicy: "Sometimes" }, /^--set imagePullPolicy="Sometimes"/],
    "nothing that may run": [{ maxRunning: "0" }, /^--set maxRunning="0": is no whole number/],
    "no port": [{ apiServerPorts: "" }, /^--set apiServerPorts="": is no list of ports such as 443,6443$/],
    "a port that is none": [{ apiServerPorts: "443,65536" }, /is no list of ports/],
    "much memory": [{ memory: "much" }, /is no amount such as 500m or 512Mi/],
  };
  for (const [what, [settings, message]] of Object.entries(wrong))
    test(`${what} is refused`, () => {
      assert.throws(() => parseInstallOptions(settings, "1.2.3"), { code: "InvalidArgument", message });
    });

  test("an unknown key is answered with the known ones", () => {
    assert.throws(() => parseInstallOptions({ x: "y" }, "1.2.3"), {
      hint: /image, imagePullPolicy, .*replicas/,
    });
  });
});
