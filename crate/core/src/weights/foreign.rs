//! Names that other tools leave in a checkpoint whose tensors are not the model's own yet: adapters
//! beside their base, and weights quantized in layouts that are not computed.

use crate::error::Error;

/// Levels of names, the first letters of a level, and what they say.
struct Trace {
    levels: &'static [&'static str],
    begins: &'static str,
    advice: &'static str,
}

const TRACES: [Trace; 4] = [
    // https://huggingface.co/docs/peft/developer_guides/checkpoint
    Trace {
        levels: &[
            "base_layer",
            "modules_to_save",
            "original_module",
            "ia3_l",
            "hada_w1_a",
            "lokr_w1",
            "vera_lambda_b",
        ],
        begins: "lora_",
        advice: "adapters that are not merged into their weights yet: merge them with PEFT's \
                 merge_and_unload() and save the model again",
    },
    Trace {
        levels: &["absmax", "quant_map", "nested_absmax", "SCB"],
        begins: "quant_state",
        advice: "weights that bitsandbytes quantized: take the 16-bit checkpoint they were made \
                 from",
    },
    Trace {
        levels: &["qzeros", "g_idx"],
        begins: "qweight",
        advice: "weights that GPTQ or AWQ quantized: take the 16-bit checkpoint they were made from",
    },
    Trace {
        levels: &[
            "input_scale",
            "weight_packed",
            "weight_zero_point",
            "weight_shape",
        ],
        begins: "weight_scale",
        advice: "weights that another tool packed or scaled (FP8, compressed-tensors): take the \
                 16-bit checkpoint they were made from",
    },
];

/// Whether none of `names`, which the model does not know, is one of such a tool.
///
/// # Errors
/// [`Error::UnsupportedModel`] with the tool and the way out.
pub fn check(names: &[&str]) -> Result<(), Error> {
    for trace in &TRACES {
        let found = names.iter().filter(|name| trace.is_in(name));
        let found: Vec<&&str> = found.collect();
        // The tool's own levels say more than those that it shares with others.
        let telling = |name: &&&&str| trace.begins(name);
        if let Some(first) = found.iter().find(telling).or(found.first()) {
            return Err(Error::UnsupportedModel {
                reason: match found.len() - 1 {
                    0 => format!("{first} is of {}", trace.advice),
                    more => format!("{first} and {more} more are of {}", trace.advice),
                },
            });
        }
    }
    Ok(())
}

impl Trace {
    fn is_in(&self, name: &str) -> bool {
        let mut levels = name.split('.');
        self.begins(name) || levels.any(|level| self.levels.contains(&level))
    }

    fn begins(&self, name: &str) -> bool {
        name.split('.').any(|level| level.starts_with(self.begins))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_is_named() {
        for (name, tool) in [
            ("a.q_proj.lora_A.default.weight", "merge_and_unload"),
            (
                "a.q_proj.lora_magnitude_vector.default.weight",
                "merge_and_unload",
            ),
            ("a.q_proj.base_layer.weight", "merge_and_unload"),
            (
                "a.lm_head.modules_to_save.default.weight",
                "merge_and_unload",
            ),
            ("a.weight.absmax", "bitsandbytes"),
            ("a.weight.quant_state.bitsandbytes__nf4", "bitsandbytes"),
            ("a.qweight", "GPTQ or AWQ"),
            ("a.weight_scale_inv", "FP8"),
        ] {
            let error = check(&["b.weight", name]).unwrap_err();
            assert!(error.to_string().contains(tool), "{error}");
        }
        let own = ["a.weight", "a.scales", "weight", "no_obj_ptr"];
        assert_eq!(check(&own), Ok(()));
    }
}
