//! The family's chat template `qwen_chat`, which is ChatML as
//! [Sa2VA's own code](https://huggingface.co/ByteDance/Sa2VA-1B/blob/main/modeling_sa2va_chat.py) has
//! it, and its control tokens. Templates in model folders are never run.

use crate::error::Error;
use crate::language::tokenizer::Tokenizer;

/// Positions behind the picture for one question, its answer and the template around them.
pub const QUESTION_TOKENS: usize = 1024;

/// Where the model points at an object.
const SEG: &str = "[SEG]";

/// Ids of the control tokens, looked up by name because they differ between checkpoints.
#[derive(Debug, Clone)]
pub struct Chat {
    message_start: u32,
    message_end: u32,
    image_start: u32,
    image_end: u32,
    seg: u32,
    stop: [u32; 2],
}

impl Chat {
    /// Finds the control tokens.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] naming those that `tokenizer` lacks.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self, Error> {
        const NAMES: [&str; 7] = [
            "<|im_start|>",
            "<|im_end|>",
            "<|endoftext|>",
            "<img>",
            "</img>",
            SEG,
            "<IMG_CONTEXT>",
        ];
        let found = NAMES.map(|name| tokenizer.id(name));
        let [
            Some(message_start),
            Some(message_end),
            Some(end),
            Some(image_start),
            Some(image_end),
            Some(seg),
            Some(_),
        ] = found
        else {
            let absent = NAMES.into_iter().zip(found).filter(|(_, id)| id.is_none());
            let missing: Vec<&str> = absent.map(|(name, _)| name).collect();
            return Err(Error::UnsupportedModel {
                reason: format!(
                    "tokenizer.json: control tokens are missing: {}",
                    missing.join(", ")
                ),
            });
        };
        Ok(Self {
            message_start,
            message_end,
            image_start,
            image_end,
            seg,
            stop: [message_end, end],
        })
    }

    /// Id of `[SEG]`.
    #[must_use]
    pub fn seg_id(&self) -> u32 {
        self.seg
    }

    /// Tokens that end an answer.
    #[must_use]
    pub fn stop_ids(&self) -> &[u32] {
        &self.stop
    }

    /// Ids before and after the vision tokens: the user's turn up to the end of the picture.
    ///
    /// # Errors
    /// As [`Tokenizer::text`].
    pub fn picture_frame(&self, tokenizer: &Tokenizer) -> Result<(Vec<u32>, Vec<u32>), Error> {
        let mut before = vec![self.message_start];
        before.extend(tokenizer.text("user\n")?);
        before.push(self.image_start);
        Ok((before, vec![self.image_end]))
    }

    /// Ids of a question and the rest of the template, up to the answer.
    ///
    /// # Errors
    /// As [`Tokenizer::text`].
    pub fn question(&self, tokenizer: &Tokenizer, question: &str) -> Result<Vec<u32>, Error> {
        let mut ids = tokenizer.text(question)?;
        ids.push(self.message_end);
        ids.extend(tokenizer.text("\n")?);
        ids.push(self.message_start);
        ids.extend(tokenizer.text("assistant\n")?);
        Ok(ids)
    }

    /// The text of an answer with `[SEG]` wherever the model points at an object.
    ///
    /// # Errors
    /// As [`Tokenizer::visible_text`].
    pub fn marked_text(&self, tokenizer: &Tokenizer, ids: &[u32]) -> Result<String, Error> {
        let texts: Vec<String> = ids
            .split(|&id| id == self.seg)
            .map(|ids| tokenizer.visible_text(ids))
            .collect::<Result<_, _>>()?;
        Ok(texts.join(&format!(" {SEG} ")).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tokenizer::tests::json;
    use serde_json::Value;

    fn tokenizer(json: &Value) -> Tokenizer {
        Tokenizer::from_bytes(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn missing_control_tokens_are_named() {
        let mut json = json();
        json["added_tokens"].as_array_mut().unwrap().truncate(5);
        let error = Chat::new(&tokenizer(&json)).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("missing: </img>, <IMG_CONTEXT>"),
            "{error}"
        );
    }

    #[test]
    fn marks_stand_where_objects_are_pointed_at() {
        let tokenizer = tokenizer(&json());
        let chat = Chat::new(&tokenizer).unwrap();
        assert_eq!(chat.stop_ids(), [11, 12]);
        let seg = chat.seg_id();
        let marked = |ids: &[u32]| chat.marked_text(&tokenizer, ids).unwrap();
        assert_eq!(marked(&[3, seg, seg, 3]), "ab [SEG]  [SEG] ab");
        assert_eq!(marked(&[3, seg]), "ab [SEG]");
        assert_eq!(marked(&[3]), "ab");
    }
}
