//! Whether an answer's words are right, apart from its masks.

/// What stands for a mask in an answer.
const SEG: &str = "[SEG]";

/// Words of a text, lower case, without punctuation and `[SEG]`.
pub(super) fn words(text: &str) -> Vec<String> {
    text.replace(SEG, " ")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Whether two answers say the same but for case, punctuation and `[SEG]`.
pub(super) fn same_words(answer: &str, expected: &str) -> bool {
    words(answer) == words(expected)
}

/// Whether an answer names every target before a `[SEG]` of its own, and points at nothing else.
///
/// `marked` is the answer with `[SEG]` in it. The order of the targets does not matter.
pub(super) fn names_all(marked: &str, names: &[String]) -> bool {
    let mut clauses: Vec<Vec<String>> = marked.split(SEG).map(words).collect();
    // What follows the last mark belongs to no mask.
    clauses.pop();
    if clauses.len() != names.len() {
        return false;
    }
    names.iter().all(|name| {
        let name = words(name);
        let found = clauses.iter().position(|clause| holds(clause, &name));
        found.map(|index| clauses.swap_remove(index)).is_some()
    })
}

fn holds(clause: &[String], name: &[String]) -> bool {
    !name.is_empty() && clause.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn case_and_marks_do_not_count() {
        assert!(same_words("It is the dog. [SEG]", "it is the Dog"));
        assert!(!same_words("It is the dog.", "It is the cat."));
        assert!(same_words("", "[SEG]"));
    }

    #[test]
    fn every_target_has_its_own_mark() {
        let two = "The cat [SEG] and the traffic light [SEG].";
        assert!(names_all(two, &names(&["traffic light", "cat"])));
        assert!(!names_all(two, &names(&["cat"])), "one mark too many");
        assert!(!names_all(two, &names(&["cat", "cat"])));
        assert!(!names_all("The caterpillar. [SEG]", &names(&["cat"])));
        assert!(!names_all("It is. [SEG] the cat", &names(&["cat"])));
        assert!(names_all("There is no cat.", &[]));
    }
}
