/** Registers `<ask-mask>` where there are elements: the library's only side effect. */

import { AskMaskElement } from "./element";

const registry = globalThis.customElements;
if (registry && !registry.get("ask-mask")) registry.define("ask-mask", AskMaskElement);
