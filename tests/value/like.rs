use proptest::prelude::*;
use xmlshred::value::functions::LikePattern;

fn like(text: &str, pattern: &str) -> bool {
    LikePattern::new(pattern).unwrap().matches(text)
}

#[test]
fn wildcards_match_as_microsoft_documents_them() {
    for (text, pattern, expected) in [
        ("abcdef", "abc%", true),
        ("xabc", "abc%", false),
        ("xabcx", "%abc%", true),
        ("Dean", "_ean", true),
        ("ean", "_ean", false),
        ("Karsen", "[C-P]arsen", true),
        ("Warsen", "[C-P]arsen", false),
        ("del", "de[^l]%", false),
        ("den", "de[^l]%", true),
        ("5%", "5[%]", true),
        ("5x", "5[%]", false),
        ("_n", "[_]n", true),
        ("an", "[_]n", false),
        ("-", "[-acdf]", true),
        ("b", "[-acdf]", false),
        ("[", "[[]", true),
        ("]", "]", true),
        ("abcd_x", "abc[_]d%", false),
        ("abc_dx", "abc[_]d%", true),
        ("abc", "abc[def]", false),
        ("", "", true),
        ("", "%", true),
        ("a", "", false),
        ("abc", "ABC", false),
        ("aXbXc", "a%b%c", true),
        ("aab", "%ab", true),
        ("😀", "_", true),
        ("é", "[à-ü]", true),
    ] {
        assert_eq!(like(text, pattern), expected, "{text:?} LIKE {pattern:?}");
    }
}

#[test]
fn blanks_at_the_end_count_in_the_pattern_only() {
    assert!(like("abc  ", "abc"));
    assert!(like("abc  ", "%c"));
    assert!(!like("abc", "abc "));
    assert!(like("abc ", "abc "));
    assert!(like("abc   ", "abc "));
    assert!(!like(" abc", "abc"));
    assert!(like("  ", ""));
}

#[test]
fn a_pattern_that_could_not_match_is_refused_with_a_hint() {
    assert_eq!(
        LikePattern::new("a[bc").unwrap_err().to_string(),
        "the LIKE pattern `a[bc` has a `[` without its `]`: close it, or write `[[]` for the bracket itself"
    );
    assert_eq!(
        LikePattern::new("a[]").unwrap_err().to_string(),
        "the LIKE pattern `a[]` has empty brackets: name the characters between them, or write `]` alone for the bracket itself"
    );
    assert!(LikePattern::new("[^]").is_err());
}

/// The textbook definition, exponential and plain, without brackets.
fn naive(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.iter().all(|c| *c == ' '),
        ['%', rest @ ..] => (0..=text.len()).any(|skip| naive(&text[skip..], rest)),
        ['_', rest @ ..] => !text.is_empty() && naive(&text[1..], rest),
        [c, rest @ ..] => text.first() == Some(c) && naive(&text[1..], rest),
    }
}

proptest! {
    #[test]
    fn matching_agrees_with_the_textbook(text in "[ab ]{0,9}", pattern in "[ab %_]{0,7}") {
        let chars = |s: &str| s.chars().collect::<Vec<_>>();
        prop_assert_eq!(like(&text, &pattern), naive(&chars(&text), &chars(&pattern)));
    }

    #[test]
    fn no_pattern_or_text_makes_it_panic(text in "\\PC{0,12}", pattern in "[%_\\[\\]^a-cé-]{0,12}") {
        if let Ok(pattern) = LikePattern::new(&pattern) {
            pattern.matches(&text);
        }
    }
}
