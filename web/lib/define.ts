/** Registers `<ask-mask>`: the library's only side effect. */

import { AskMaskElement } from "./element";

if (!customElements.get("ask-mask")) customElements.define("ask-mask", AskMaskElement);
