//! What a model card says of its licence: a line of the metadata at the top of `README.md`.
//!
//! Format: <https://huggingface.co/docs/hub/model-cards#model-card-metadata>.

/// Most bytes of a card that are looked at; metadata stands at its top.
pub const ENOUGH: usize = 64 << 10;
/// Most bytes of a licence's name; a manifest takes a few more.
const MAX_NAME: usize = 200;

/// The licence as the metadata of a model card states it: `license`, or `license_name` where that
/// says `other`. `None` when it states none.
#[must_use]
pub fn licence(readme: &str) -> Option<String> {
    let text = readme.strip_prefix('\u{feff}').unwrap_or(readme);
    let mut lines = text.lines();
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    let metadata: Vec<&str> = lines.take_while(|line| line.trim_end() != "---").collect();
    let licence = field(&metadata, "license")?;
    if licence != "other" {
        return Some(licence);
    }
    field(&metadata, "license_name").or(Some(licence))
}

/// The scalar value of a top-level key, or the first of its list.
fn field(metadata: &[&str], key: &str) -> Option<String> {
    let values = metadata
        .iter()
        .map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let (at, value) = values
        .enumerate()
        .find_map(|(at, value)| Some((at, value?.trim())))?;
    let value = match value {
        "" => metadata.get(at + 1)?.trim().strip_prefix("- ")?,
        value => value,
    };
    let value = value.trim_matches(['[', ']', '"', '\'', ' ']);
    let plain = !value.is_empty() && !value.chars().any(char::is_control);
    plain.then(|| value[..value.floor_char_boundary(MAX_NAME)].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licence_is_a_line_of_the_metadata() {
        for (card, expected) in [
            ("---\nlicense: mit\ntags:\n- a\n---\n# Model", Some("mit")),
            (
                "---\r\npipeline_tag: x\r\nlicense: \"apache-2.0\"\r\n---\r\n",
                Some("apache-2.0"),
            ),
            (
                "---\nlicense: other\nlicense_name: qwen-research\n---\n",
                Some("qwen-research"),
            ),
            ("---\nlicense: other\n---\n", Some("other")),
            ("---\nlicense:\n- mit\n- apache-2.0\n---\n", Some("mit")),
            ("\u{feff}---\nlicense: [mit]\n---\n", Some("mit")),
            ("---\ntags: license\n---\nlicense: mit", None),
            ("# Model\nlicense: mit", None),
            ("---\nlicense:\n---\n", None),
            ("", None),
        ] {
            assert_eq!(licence(card).as_deref(), expected, "{card}");
        }
        let long = |letter: &str| format!("---\nlicense: {}\n---\n", letter.repeat(5_000));
        assert_eq!(licence(&long("x")).map(|name| name.len()), Some(MAX_NAME));
        assert_eq!(licence(&long("語")).map(|name| name.len()), Some(198));
    }
}
