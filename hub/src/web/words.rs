//! The words of the page in Ukrainian and English.

use imena_core::vocabulary::{Language, Term};

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    Uk,
    En,
}

/// Every word that a template shows.
#[derive(Debug)]
pub(crate) struct Words {
    pub lang: &'static str,
    pub title: &'static str,
    pub sites: &'static str,
    pub no_sites: &'static str,
    pub photos: &'static str,
    pub loose_photos: &'static str,
    pub early: &'static str,
    pub receipt: &'static str,
    pub missing: &'static str,
    pub conflict: &'static str,
    pub twice: &'static str,
    pub number_foreign: &'static str,
    pub ended: &'static str,
    pub notices: &'static str,
    pub locked: &'static str,
    pub locked_means: &'static str,
    pub locked_how: &'static str,
    pub signed_out: &'static str,
    pub signed_out_how: &'static str,
    pub not_found: &'static str,
    pub to_main: &'static str,
    pub overview: &'static str,
    pub search: &'static str,
    pub search_what: &'static str,
    pub find: &'static str,
    pub nothing_found: &'static str,
    pub more_found: &'static str,
    pub photo: &'static str,
    pub shot: &'static str,
    pub taken: &'static str,
    pub original: &'static str,
    pub missing_bodies: &'static str,
    pub newer: &'static str,
    pub linked: &'static str,
    pub not_come: &'static str,
    pub history: &'static str,
    pub why: &'static str,
    pub lay: &'static str,
    pub more_rivals: &'static str,
    pub older: &'static str,
}

impl Lang {
    /// `?lang=en`; everything else is Ukrainian.
    pub fn of(query: Option<&str>) -> Self {
        let is_english = query.is_some_and(|query| query.split('&').any(|pair| pair == "lang=en"));
        if is_english { Self::En } else { Self::Uk }
    }

    pub fn words(self) -> &'static Words {
        match self {
            Self::Uk => &UK,
            Self::En => &EN,
        }
    }
}

impl Words {
    /// As the core calls it.
    pub fn language(&self) -> Language {
        match self.lang == UK.lang {
            true => Language::Ukrainian,
            false => Language::English,
        }
    }

    /// A term in this language; nothing for what was not recorded.
    pub fn of(&self, term: Option<Term>) -> String {
        let Some(term) = term else {
            return String::new();
        };
        if self.lang == UK.lang {
            term.uk
        } else {
            term.en
        }
    }
}

const UK: Words = Words {
    lang: "uk",
    title: "Імена",
    sites: "Місця",
    no_sites: "Тут ще немає жодного місця. Записи з’являться після першої синхронізації телефону.",
    photos: "Знімки",
    loose_photos: "Знімки, яких ще не віднесено до запису",
    early: "Записи, місце або могила яких ще не надійшли",
    receipt: "квитанція №",
    missing: "оригінал ще не надійшов",
    conflict: "є різні значення: має вирішити людина",
    twice: "цей код записано двічі різними телефонами",
    number_foreign: "номер із низки іншого телефону, який його не записував: гляньте на бирку",
    ended: "більше не враховується:",
    notices: "На що варто глянути",
    locked: "Вузол замкнено",
    locked_means: "Він приймає файли, перевіряє їх і видає квитанції, але прочитати їх не може: \
        ключа організації тут зараз немає. Нічого не втрачено.",
    locked_how: "Щоб побачити записи, відімкніть вузол ключем організації в терміналі \
        цього комп’ютера.",
    signed_out: "Потрібен вхід",
    signed_out_how: "Відкрийте одноразове посилання, яке показує термінал цього вузла.",
    not_found: "Такої сторінки немає.",
    to_main: "До вмісту",
    overview: "Огляд",
    search: "Пошук",
    search_what: "Номер, код або частина імені",
    find: "Знайти",
    nothing_found: "Тут нічого такого не відомо.",
    more_found: "Показано перші сто. Напишіть більше літер.",
    photo: "знімок",
    shot: "Знімок",
    taken: "Знято",
    original: "Оригінал",
    missing_bodies: "частину вилучено або не передано",
    newer: "записано новішою версією",
    linked: "Пов’язано",
    not_come: "ще не надійшло:",
    history: "Історія",
    why: "чому:",
    lay: "без висновку",
    more_rivals: "ще:",
    older: "Є й давніші записи; їх показує `imena phone history`.",
};

const EN: Words = Words {
    lang: "en",
    title: "Imena",
    sites: "Sites",
    no_sites: "There is no site here yet. Records appear after the first sync of a phone.",
    photos: "Photos",
    loose_photos: "Photos that belong to no record yet",
    early: "Records whose site or grave has not arrived yet",
    receipt: "receipt no.",
    missing: "original has not arrived",
    conflict: "values differ: a person must decide",
    twice: "two phones recorded this code",
    number_foreign: "a number of another phone's series, which has not recorded it: look at the label",
    ended: "no longer counted:",
    notices: "Worth a look",
    locked: "This hub is locked",
    locked_means: "It takes files, checks them and gives receipts, but cannot read them: the \
        organisation's key is not here now. Nothing is lost.",
    locked_how: "To see the records, unlock the hub with the organisation's key in a \
        terminal of this computer.",
    signed_out: "Sign in",
    signed_out_how: "Open the one-time link that this hub's terminal shows.",
    not_found: "There is no such page.",
    to_main: "Skip to the content",
    overview: "Overview",
    search: "Search",
    search_what: "Number, code or part of a name",
    find: "Find",
    nothing_found: "Nothing of that is known here.",
    more_found: "The first hundred are shown. Type more letters.",
    photo: "photo",
    shot: "Shot",
    taken: "Taken",
    original: "Original",
    missing_bodies: "some of it is withheld or erased",
    newer: "written by a newer version",
    linked: "Linked",
    not_come: "has not arrived yet:",
    history: "History",
    why: "why:",
    lay: "not an expert’s word",
    more_rivals: "more:",
    older: "There are older entries; `imena phone history` shows them.",
};
