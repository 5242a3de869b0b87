/** Where a worker's pod has its volumes. */
const folder = "/var/run/longshore";

export const mountPaths = {
  source: `${folder}/source`,
  destination: `${folder}/destination`,
  previous: `${folder}/previous`,
  scratch: `${folder}/scratch`,
  credentials: `${folder}/credentials`,
  report: `${folder}/report`,
} as const;
