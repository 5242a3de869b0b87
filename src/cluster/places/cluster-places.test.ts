import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterPlaces } from "./cluster-places.ts";

test("volumes and buckets are places, each in one spelling, and reached as they are said", async () => {
  const cases = [
    ["source", "pvc://team/reports/2026//", "pvc://team/reports/2026"],
    ["destination", "pvc://team/out/team/e1", "pvc://team/out/team/e1"],
    ["source", "s3://data/2026/?region=x", "s3://data/2026/?region=x"],
    ["destination", "s3://handover/2026/?region=x", "s3://handover/2026?region=x"],
    ["destination", "gs://handover", "gs://handover"],
  ] as const;
  for (const [use, asked, location] of cases) {
    assert.deepEqual(await clusterPlaces[use](asked), { location, reached: location });
    assert.deepEqual(await clusterPlaces[use](location), { location, reached: location });
  }
});

test("folders of a machine, ways out of a volume and files with credentials are refused", async () => {
  const cases = [
    ["source", "/srv/data", "PlaceNotAllowed", /^spec\.source\.directory /],
    ["destination", "/srv/data/team/e1", "PlaceNotAllowed", /directory of the destination/],
    ["source", "pvc://team/reports/../../etc", "InvalidArgument", /pvc/],
    ["destination", "pvc://team", "InvalidArgument", /pvc/],
    ["destination", "s3://bucket/p?credentials=/var/run/x", "PlaceNotAllowed", /credentials/],
  ] as const;
  for (const [use, asked, code, message] of cases)
    await assert.rejects(clusterPlaces[use](asked), { code, message }, asked);
});
