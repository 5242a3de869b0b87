// The direction of imports: which folder of src may know which. The reasons are in CONTRIBUTING.md.

const TEST = "\\.test\\.ts$";
const PACKAGE = [
  "npm",
  "npm-dev",
  "npm-optional",
  "npm-peer",
  "npm-bundled",
  "npm-no-pkg",
  "npm-unknown",
  "unknown",
];

const layer = (name, may) => ({
  name: `${name}-imports`,
  severity: "error",
  comment: `src/${name} may import only ${[name, ...may].join(", ")}`,
  from: { path: `^src/${name}/` },
  to: { path: "^src/", pathNot: [name, ...may].map((folder) => `^src/${folder}/`) },
});

const forbid = (name, comment, from, to) => ({ name, severity: "error", comment, from, to });

export default {
  forbidden: [
    layer("domain", []),
    layer("drivers", ["domain"]),
    layer("engine", ["domain"]),
    layer("controllers", ["domain"]),
    layer("cluster", ["domain"]),
    layer("local", ["domain"]),
    layer("api", ["domain"]),
    layer("gateway", ["domain", "api", "engine"]),
    layer("cli", ["domain", "api", "engine"]),
    forbid(
      "nobody-imports-main",
      "src/main puts the program together; nothing may depend on it",
      { pathNot: "^src/main/" },
      { path: "^src/main/" },
    ),
    forbid(
      "folders-of-src",
      "a new folder of src needs its own line in the table of .dependency-cruiser.mjs",
      {
        path: "^src/",
        pathNot: "^src/(domain|drivers|engine|controllers|cluster|local|api|gateway|cli|main)/",
      },
      {},
    ),
    forbid(
      "drivers-are-islands",
      "a driver may not import another driver; share through src/domain, src/drivers/connections, src/drivers/paths or a package",
      { path: "^src/drivers/([^/]+)/([^/]+?)(?:\\.test)?(?:\\.ts$|/)" },
      { path: "^src/drivers/", pathNot: "^src/drivers/($1/$2(\\.ts$|/)|connections/|paths/)" },
    ),
    forbid(
      "domain-is-pure",
      "src/domain may use no package but zod",
      { path: "^src/domain/", pathNot: TEST },
      { dependencyTypes: PACKAGE, pathNot: "(^|/)node_modules/zod/|^zod(/|$)" },
    ),
    forbid(
      "runs-in-a-browser",
      "src/domain and src/api run in a browser and may not use Node's built-in modules",
      { path: "^src/(domain|api)/", pathNot: TEST },
      { dependencyTypes: ["core"] },
    ),
    forbid(
      "one-kubernetes-client",
      "only src/cluster may use @kubernetes/client-node",
      { path: "^src/", pathNot: "^src/cluster/" },
      { path: "@kubernetes/client-node" },
    ),
    forbid(
      "src-knows-no-test",
      "src may not import test; only a *.test.ts may",
      { path: "^src/", pathNot: TEST },
      { path: "^test/" },
    ),
    forbid(
      "nobody-imports-bench",
      "bench measures the program from outside; src and test may not import it",
      { path: "^(src|test)/" },
      { path: "^bench/" },
    ),
    forbid(
      "nobody-imports-a-test",
      "what two tests share belongs in test, not in a *.test.ts",
      {},
      { path: TEST },
    ),
    forbid("no-cycles", "imports may not form a circle, type imports included", {}, { circular: true }),
  ],
  options: {
    // Without swc dependency-cruiser cannot read the files of TypeScript 7, and says so by finding nothing.
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".mjs", ".js"], exportsFields: ["exports"] },
  },
};
