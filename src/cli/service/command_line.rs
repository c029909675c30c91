//! Command lines as programs of Windows read them.

/// The program and its arguments as one command line, by the rules of CommandLineToArgvW: an argument with
/// blanks is between quotation marks, and backslashes before a quotation mark are doubled. The path of a
/// program with blanks must have them, or Windows tries what is before the first blank.
pub fn command_line<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = arguments.into_iter().map(quoted).collect();
    quoted.join(" ")
}

fn quoted(argument: &str) -> String {
    let is_plain = !argument.is_empty() && !argument.contains([' ', '\t', '\n', '\u{b}', '"']);
    if is_plain {
        return argument.to_owned();
    }
    let mut line = "\"".to_owned();
    let mut backslashes = 0;
    for c in argument.chars() {
        if c == '"' {
            line.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        line.push(c);
    }
    line.extend(std::iter::repeat_n('\\', backslashes));
    line + "\""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What CommandLineToArgvW makes of the arguments behind the program.
    fn read(line: &str) -> Vec<String> {
        let (mut arguments, mut argument) = (Vec::new(), None::<String>);
        let (mut is_quoted, mut backslashes) = (false, 0);
        for c in line.chars().chain([' ']) {
            let halved = if c == '"' { backslashes / 2 } else { backslashes };
            if c != '\\' && backslashes > 0 {
                argument.get_or_insert_default().extend(std::iter::repeat_n('\\', halved));
            }
            match c {
                '\\' => backslashes += 1,
                '"' if backslashes % 2 == 1 => argument.get_or_insert_default().push('"'),
                '"' => {
                    is_quoted = !is_quoted;
                    argument.get_or_insert_default();
                }
                ' ' | '\t' if !is_quoted => arguments.extend(argument.take()),
                c => argument.get_or_insert_default().push(c),
            }
            if c != '\\' {
                backslashes = 0;
            }
        }
        arguments
    }

    #[test]
    fn a_folder_that_ends_in_a_backslash_does_not_swallow_what_follows() {
        let line = command_line([
            r"C:\Program Files\xmlshred\xmlshred.exe",
            "--log-dir",
            r"D:\my logs\",
            "--name",
            "a",
        ]);
        let expected =
            r#""C:\Program Files\xmlshred\xmlshred.exe" --log-dir "D:\my logs\\" --name a"#;
        assert_eq!(line, expected);
        assert_eq!(read(&line)[2..], [r"D:\my logs\", "--name", "a"]);
    }

    proptest! {
        #[test]
        fn a_program_reads_the_arguments_that_were_written(
            arguments in prop::collection::vec(r#"[a\\ "\tü]{0,6}"#, 1..5)
        ) {
            let line = command_line(arguments.iter().map(String::as_str));
            prop_assert_eq!(read(&line), arguments);
        }
    }
}
