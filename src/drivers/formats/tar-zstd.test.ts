import { testFormat } from "../../../test/conformance/format.ts";
import { tarZstd } from "./tar-zstd.ts";

testFormat(tarZstd);
