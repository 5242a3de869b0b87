import { testFormat } from "../../../test/conformance/format.ts";
import { files } from "./files.ts";

testFormat(files);
