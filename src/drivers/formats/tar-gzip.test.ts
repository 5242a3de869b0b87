import { testFormat } from "../../../test/conformance/format.ts";
import { tarGzip } from "./tar-gzip.ts";

testFormat(tarGzip);
