//! The part of a shell's language that the documents use.

/// A line of a block.
pub struct Line {
    /// One or more, joined by `&&`.
    pub commands: Vec<Vec<String>>,
    /// In parentheses: what it changes is forgotten behind it.
    pub alone: bool,
}

/// The lines of a block, without comments.
pub fn lines(text: &str) -> Vec<Line> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(line);
    lines.filter(|line| !line.commands.is_empty()).collect()
}

fn line(text: &str) -> Line {
    let words = words(text);
    let alone = words.first().is_some_and(|word| word == "(");
    let commands = words
        .split(|word| word == "&&")
        .map(|command| {
            let plain = command.iter().filter(|word| !matches!(&***word, "(" | ")"));
            plain.cloned().collect::<Vec<_>>()
        })
        .filter(|command| !command.is_empty())
        .collect();
    Line { commands, alone }
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(mark), _) if mark == letter => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, '(' | ')') => {
                words.extend(word.take());
                words.push(letter.to_string());
            }
            (None, '$' | '|' | '>' | '<' | ';' | '`' | '\\') => {
                panic!("{text}: {letter} is not understood here")
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    assert!(quote.is_none(), "{text}: a quotation mark is left open");
    words.extend(word);
    words
}

#[test]
fn lines_are_read_as_a_shell_does() {
    let text = "a \"b c\" d# e # f\n\n# g\n(cd h && i --j=k)\nl \\\n  ''\n";
    let lines = lines(text);
    let commands: Vec<_> = lines.iter().map(|line| line.commands.clone()).collect();
    assert_eq!(
        commands,
        [
            vec![vec!["a", "b c", "d#", "e"]],
            vec![vec!["cd", "h"], vec!["i", "--j=k"]],
            vec![vec!["l", ""]],
        ]
    );
    assert_eq!(
        lines.iter().map(|line| line.alone).collect::<Vec<_>>(),
        [false, true, false]
    );
}
