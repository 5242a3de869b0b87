/** What `longshore install` and `longshore uninstall` print; loaded only by them. */
import { parseInstallOptions } from "../cluster/manifests/parse-install-options.ts";
import { installManifests } from "../cluster/manifests/install.ts";
import { toYaml } from "../cluster/manifests/to-yaml.ts";
import { uninstallScript } from "../cluster/manifests/uninstall.ts";
import { version } from "./versions.ts";

type Settings = Readonly<Record<string, string>>;

/** Throws InvalidArgument. */
export const manifestsText = (settings: Settings): string =>
  toYaml(installManifests(parseInstallOptions(settings, version)));

/** Throws InvalidArgument. */
export const uninstallText = (settings: Settings): string =>
  uninstallScript(parseInstallOptions(settings, version));
