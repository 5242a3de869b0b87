import { testFormat } from "../../../test/conformance/format.ts";
import { tar } from "./tar.ts";

testFormat(tar);
