//! What the messages of a login say (MS-TDS 2.2.6.5, 2.2.6.4 and 2.2.7), and what an account changes in them.

/// Values of the option ENCRYPTION.
pub(super) mod encryption {
    /// Wanted.
    pub const ON: u8 = 1;
    /// Neither wanted nor possible.
    pub const NOT_SUPPORTED: u8 = 2;
    /// Required.
    pub const REQUIRED: u8 = 3;
}

/// The byte of a PRELOGIN message that says whether the connection is encrypted.
pub(super) fn encryption_of(prelogin: &mut [u8]) -> Option<&mut u8> {
    const ENCRYPTION: u8 = 1;
    const END: u8 = 0xff;
    let options = prelogin.chunks_exact(5).take_while(|option| option[0] != END);
    let option = options.into_iter().find(|option| option[0] == ENCRYPTION)?;
    let at = usize::from(u16::from_be_bytes([option[1], option[2]]));
    prelogin.get_mut(at)
}

/// Makes the login that the driver sends, which is one without a password, that of an account: its first token
/// is appended.
pub(super) fn with_token(login: &mut Vec<u8>, token: &[u8]) -> Option<()> {
    /// OptionFlags2, and its bit for an account.
    const FLAGS: usize = 25;
    const IS_ACCOUNT: u8 = 0x80;
    /// Offset and length of the token; its length if that has no room there.
    const TOKEN: usize = 78;
    const LONG_LENGTH: usize = 90;
    const FIXED: usize = 94;
    if login.len() < FIXED {
        return None;
    }
    let offset = u16::try_from(login.len()).ok()?;
    let length = u32::try_from(token.len()).ok()?;
    let (short, long) = match u16::try_from(length) {
        Ok(short) if short < u16::MAX => (short, 0),
        _ => (u16::MAX, length),
    };
    login[FLAGS] |= IS_ACCOUNT;
    login[TOKEN..TOKEN + 2].copy_from_slice(&offset.to_le_bytes());
    login[TOKEN + 2..TOKEN + 4].copy_from_slice(&short.to_le_bytes());
    login[LONG_LENGTH..FIXED].copy_from_slice(&long.to_le_bytes());
    login.extend_from_slice(token);
    let length = u32::try_from(login.len()).ok()?;
    login[..4].copy_from_slice(&length.to_le_bytes());
    Some(())
}

/// An answer to a login or to a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The server's token, if there is one.
    pub(super) token: Option<Vec<u8>>,
    /// All else, which the driver understands.
    pub(super) rest: Vec<u8>,
    /// Whether the login is decided: accepted, refused or sent elsewhere.
    pub(super) is_decision: bool,
}

impl Answer {
    /// Takes the token out of the message.
    pub(super) fn of(message: &[u8]) -> Self {
        const SSPI: u8 = 0xed;
        const ERROR: u8 = 0xaa;
        const INFO: u8 = 0xab;
        const ACCEPTED: u8 = 0xad;
        const CHANGE: u8 = 0xe3;
        let mut answer = Self { token: None, rest: Vec::new(), is_decision: false };
        let mut left = message;
        while let [kind, low, high, after @ ..] = left {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            let known = matches!(*kind, SSPI | ERROR | INFO | ACCEPTED | CHANGE);
            let Some((content, next)) = after.split_at_checked(length).filter(|_| known) else {
                break;
            };
            if *kind == SSPI {
                answer.token = Some(content.to_vec());
            } else {
                answer.rest.extend_from_slice(&left[..3 + length]);
                answer.is_decision |= matches!(*kind, ERROR | ACCEPTED);
            }
            left = next;
        }
        // Tokens of other kinds come with the decision.
        answer.is_decision |= !left.is_empty();
        answer.rest.extend_from_slice(left);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encryption_of_a_prelogin_is_found_wherever_it_is() {
        let mut prelogin =
            vec![0, 0, 16, 0, 6, 3, 0, 22, 0, 4, 1, 0, 26, 0, 1, 0xff, 0, 0, 0, 0, 0, 0];
        prelogin.extend_from_slice(&[0, 0, 0, 0, encryption::REQUIRED]);
        *encryption_of(&mut prelogin).expect("the option") = encryption::NOT_SUPPORTED;
        assert_eq!(prelogin[26], encryption::NOT_SUPPORTED);
        for wrong in [&[][..], &[0xff], &[1, 0], &[1, 0, 99, 0, 1, 0xff]] {
            assert_eq!(encryption_of(&mut wrong.to_vec()), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_login_says_where_its_token_is() {
        for (length, short, long) in
            [(3, 3, 0), (65_534, 65_534, 0), (65_535, 65_535, 65_535), (70_000, 65_535, 70_000)]
        {
            let mut login = vec![0; 100];
            login[25] = 0x03;
            with_token(&mut login, &vec![7; length]).expect("a login");
            assert_eq!(login.len(), 100 + length);
            assert_eq!(login[..4], u32::to_le_bytes(100 + length as u32));
            assert_eq!(login[25], 0x83, "fIntSecurity");
            assert_eq!(login[78..80], u16::to_le_bytes(100), "ibSSPI");
            assert_eq!(login[80..82], u16::to_le_bytes(short), "cbSSPI");
            assert_eq!(login[90..94], u32::to_le_bytes(long), "cbSSPILong");
            assert!(login[100..].iter().all(|byte| *byte == 7));
        }
        assert_eq!(with_token(&mut vec![0; 93], &[7]), None);
    }

    #[test]
    fn a_token_is_taken_out_of_an_answer_and_all_else_is_left() {
        let token = [0xed, 2, 0, 8, 9];
        let (info, accepted) = ([0xab, 1, 0, 5], [0xad, 1, 0, 6]);
        let done = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let said = |parts: &[&[u8]]| Answer::of(&parts.concat());
        let of = |token: Option<&[u8]>, rest: &[&[u8]], is_decision| Answer {
            token: token.map(<[u8]>::to_vec),
            rest: rest.concat(),
            is_decision,
        };
        assert_eq!(said(&[&token]), of(Some(&[8, 9]), &[], false));
        assert_eq!(said(&[&info, &token]), of(Some(&[8, 9]), &[&info], false));
        let all = said(&[&token, &info, &accepted, &done]);
        assert_eq!(all, of(Some(&[8, 9]), &[&info, &accepted, &done], true));
        assert_eq!(said(&[&[0xaa, 0, 0], &done]), of(None, &[&[0xaa, 0, 0], &done], true));
        assert_eq!(said(&[&[0xed, 9, 0, 1]]), of(None, &[&[0xed, 9, 0, 1]], true), "cut off");
    }
}
