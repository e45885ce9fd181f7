//! Numbers that states give to persons, by their form and their check digits.

/// How surely a number is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// Hardly another number has this form, or these check digits.
    Sure,
    /// One of ten numbers of that length passes.
    Loose,
}

/// Whether a text is the number of a person: of the US, the United Kingdom, Germany, France, Spain, Italy, Poland, Sweden,
/// the Netherlands, Canada, Brazil, India, China.
pub fn found(text: &str) -> Option<Id> {
    let text = text.trim();
    let bare: Vec<u8> = text.bytes().filter(|b| !b" -./".contains(b)).map(|b| b.to_ascii_uppercase()).collect();
    if !bare.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let digits: Vec<u32> = bare.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect();
    if digits.len() < bare.len() {
        let sure = is_nino(&bare) || is_dni(&bare, &digits) || is_codice_fiscale(&bare) || is_chinese(&bare, &digits);
        return (sure || is_nir(&bare)).then_some(Id::Sure);
    }
    let sure = match digits.len() {
        9 => is_ssn(text, &digits),
        10 => text.contains('-') && is_personnummer(&digits),
        11 => is_pesel(&digits) || is_cpf(&digits),
        12 => text.contains('-') && is_personnummer(&digits[2..]),
        15 => is_nir(&bare),
        18 => is_chinese(&bare, &digits),
        _ => false,
    };
    if sure {
        return Some(Id::Sure);
    }
    let loose = match digits.len() {
        9 => is_bsn(&digits) || luhn(&digits),
        11 => is_steuer_id(&digits),
        12 => is_aadhaar(&digits),
        _ => false,
    };
    loose.then_some(Id::Loose)
}

/// Social Security number: `123-45-6789`, no part of zeros, no area 666 or from 900. It has no check digit, so only the
/// form with dashes counts.
fn is_ssn(text: &str, digits: &[u32]) -> bool {
    let form = text.split('-').map(str::len).eq([3, 2, 4]);
    let number = |part: &[u32]| part.iter().fold(0, |n, d| n * 10 + d);
    let (area, group, serial) = (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..]));
    form && area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

/// National Insurance number: two letters, six digits, A to D.
fn is_nino(bare: &[u8]) -> bool {
    let [a, b, number @ .., last] = bare else { return false };
    let letter = |c: &u8| c.is_ascii_uppercase() && !b"DFIQUV".contains(c);
    number.len() == 6
        && number.iter().all(u8::is_ascii_digit)
        && letter(a)
        && letter(b)
        && *b != b'O'
        && (b'A'..=b'D').contains(last)
        && ![b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"].contains(&&[*a, *b])
}

/// Identification number for tax: ISO 7064 MOD 11,10, and of the first ten digits one stands twice or three times.
fn is_steuer_id(digits: &[u32]) -> bool {
    let mut times = [0; 10];
    digits[..10].iter().for_each(|d| times[*d as usize % 10] += 1);
    let many = times.iter().filter(|n| **n > 1).count();
    let mut product = 10;
    for digit in &digits[..10] {
        let sum = (digit + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    digits[0] != 0 && many == 1 && times.iter().all(|n| *n <= 3) && (11 - product) % 10 == digits[10]
}

/// French number: sex, year, month, department, commune, order, and 97 less the rest by 97. Corsica has a letter.
fn is_nir(bare: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bare).replacen("2A", "19", 1).replacen("2B", "18", 1);
    let month = text.get(3..5).and_then(|m| m.parse::<u32>().ok()).unwrap_or(0);
    let (Some(number), Some(check)) = (text.get(..13), text.get(13..)) else { return false };
    let (Ok(number), Ok(check)) = (number.parse::<u64>(), check.parse::<u64>()) else { return false };
    let begins = matches!(bare.first(), Some(b'1' | b'2'));
    bare.len() == 15 && begins && ((1..=12).contains(&month) || (20..=42).contains(&month)) && 97 - number % 97 == check
}

/// Spanish number: eight digits (of foreigners, X, Y or Z and seven) and the letter of their rest by 23.
fn is_dni(bare: &[u8], digits: &[u32]) -> bool {
    let Some((last, number)) = bare.split_last() else { return false };
    let (first, count) = match number.first() {
        Some(c @ b'X'..=b'Z') => (u32::from(c - b'X'), 7),
        _ => (0, 8),
    };
    let number = digits.iter().fold(first, |n, d| n.wrapping_mul(10).wrapping_add(*d));
    bare.len() == 9 && digits.len() == count && b"TRWAGMYFPDXBNJZSQVHLCKE".get(number as usize % 23) == Some(last)
}

/// Italian code: six letters, year, month's letter, day, place, and a letter that checks them.
fn is_codice_fiscale(bare: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let form = b"AAAAAA99A99A999A";
    let fits = |(byte, form): (&u8, &u8)| if *form == b'9' { byte.is_ascii_digit() } else { byte.is_ascii_uppercase() };
    if bare.len() != 16 || !bare.iter().zip(form).all(fits) {
        return false;
    }
    let value = |byte: u8| u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let odd = |byte: u8| ODD.get(value(byte) as usize).copied().unwrap_or(0);
    let sum: u32 = bare[..15].iter().enumerate().map(|(i, b)| if i % 2 == 0 { odd(*b) } else { value(*b) }).sum();
    sum % 26 == u32::from(bare[15] - b'A')
}

fn weighed(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// A month and a day that there are.
fn is_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Polish number: day of birth (its month tells the century), order, check digit.
fn is_pesel(digits: &[u32]) -> bool {
    let (month, day) = ((digits[2] * 10 + digits[3]) % 20, digits[4] * 10 + digits[5]);
    let sum = weighed(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    is_day(month, day) && (10 - sum % 10) % 10 == digits[10]
}

/// Swedish number: day of birth, order, check digit (Luhn).
fn is_personnummer(digits: &[u32]) -> bool {
    is_day(digits[2] * 10 + digits[3], (digits[4] * 10 + digits[5]) % 60) && luhn(digits)
}

/// Brazilian number: nine digits and two that check them; not all the same.
fn is_cpf(digits: &[u32]) -> bool {
    let check = |n: usize| {
        let sum: u32 = digits[..n].iter().zip((2..=n as u32 + 1).rev()).map(|(d, w)| d * w).sum();
        sum * 10 % 11 % 10
    };
    digits.iter().any(|d| *d != digits[0]) && check(9) == digits[9] && check(10) == digits[10]
}

/// Dutch number: the weighed sum is a multiple of 11.
fn is_bsn(digits: &[u32]) -> bool {
    let sum = weighed(digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum != 0 && sum % 11 == digits[8]
}

/// Chinese number: region, day of birth, order, and ISO 7064 MOD 11-2.
fn is_chinese(bare: &[u8], digits: &[u32]) -> bool {
    let (Some(last), true) = (bare.last(), bare.len() == 18 && digits.len() >= 17) else { return false };
    let sum = weighed(digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let century = digits[6] * 10 + digits[7];
    let day = is_day(digits[10] * 10 + digits[11], digits[12] * 10 + digits[13]);
    bare[..17].iter().all(u8::is_ascii_digit)
        && (century == 19 || century == 20)
        && day
        && b"10X98765432".get(sum as usize % 11) == Some(last)
}

/// Indian number: twelve digits, the first from 2, the last by Verhoeff.
fn is_aadhaar(digits: &[u32]) -> bool {
    // The dihedral group of the pentagon, and the permutation by place.
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const TURNED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turned = |digit: u32, place: usize| (0..place % 8).fold(digit, |d, _| TURNED[d as usize % 10]);
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| times(sum, turned(*digit, place)));
    digits[0] >= 2 && sum == 0
}

/// The check digit of Luhn.
pub fn luhn(digits: &[u32]) -> bool {
    let doubled = |d: u32| d * 2 / 10 + d * 2 % 10;
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { doubled(*d) }).sum();
    sum.is_multiple_of(10) && digits.iter().any(|d| *d != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from the states' own publications and from test data that is known to be nobody's.
    #[test]
    fn numbers_of_persons_are_known_by_their_check_digits() {
        for (text, want) in [
            ("123-45-6789", Some(Id::Sure)),
            ("000-45-6789", None),
            ("666-45-6789", None),
            ("900-45-6789", None),
            ("AB123456C", Some(Id::Sure)),
            ("AB 12 34 56 C", Some(Id::Sure)),
            ("GB123456A", None),
            ("QQ123456C", None),
            ("86095742719", Some(Id::Loose)),
            ("47036892816", Some(Id::Loose)),
            ("86095742718", None),
            ("255081416802538", Some(Id::Sure)),
            ("2 55 08 14 168 025 38", Some(Id::Sure)),
            ("255081416802539", None),
            ("12345678Z", Some(Id::Sure)),
            ("X1234567L", Some(Id::Sure)),
            ("12345678A", None),
            ("RSSMRA85T10A562S", Some(Id::Sure)),
            ("RSSMRA85T10A562T", None),
            ("44051401359", Some(Id::Sure)),
            ("811218-9876", Some(Id::Sure)),
            ("811218-9875", None),
            ("111.444.777-35", Some(Id::Sure)),
            ("111.444.777-36", None),
            ("111222333", Some(Id::Loose)),
            ("046 454 286", Some(Id::Loose)),
            ("11010519491231002X", Some(Id::Sure)),
            ("110105194912310021", None),
            ("2341 2341 2346", Some(Id::Loose)),
            ("2341 2341 2347", None),
            ("4006381333931", None),
            ("978-3-16-148410-0", None),
            ("ORD-2024-000123", None),
            ("1.2.3.4", None),
            ("", None),
            ("ö", None),
        ] {
            assert_eq!(found(text), want, "{text}");
        }
    }
}
