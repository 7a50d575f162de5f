//! Given names that are forms of one another.
//!
//! William is Bill, Ivan is not John to a register, but Muhammad is Mohamed, Mehmet and Magomed in its neighbours' spelling, and
//! Alexander is Aleksandr, Oleksandr and Sasha. Each row holds
//! forms of one name in small letters of ASCII; a form that stands in two rows belongs to the first.

use std::collections::HashMap;
use std::sync::LazyLock;

const ROWS: &[&str] = &[
    "muhammad mohammad mohammed mohamed muhammed mohamad mohamet muhamed mohd md muhammet mehmet mehmed magomed mahomet mokhammad",
    "ahmad ahmed achmad akhmed akhmad ahmet",
    "abdullah abdallah abdulla abdoulaye abdullahi",
    "hussein husain hussain hossein husayn hosein hussien huseyin housseine khusein",
    "hassan hasan hacen khasan",
    "usama osama oussama",
    "omar umar oumar omer",
    "osman usman othman uthman ousmane",
    "yusuf yousef youssef yousuf yosef joseph josef jose giuseppe iosif osip joe yusif",
    "ibrahim ibraheem ebrahim abraham avraham brahim",
    "ismail ismael ishmael esmail",
    "ali aly",
    "qasim qassem kassem qasem kasim gasim kacem",
    "mustafa moustafa mostafa mustapha",
    "mahmud mahmoud mahmood mehmood",
    "khalid khaled halid",
    "said saeed saeid sayeed saad",
    "rahman rehman rakhman",
    "alexander aleksandr alexandr aleksander oleksandr alexandre alejandro alessandro aliaksandr alexandros iskandar sasha alex sandro aleksandar alexandru",
    "alexei aleksei alexey aleksey oleksii oleksiy alexis aliaksei",
    "andrei andrey andrew andriy andrii andreas andre andres andrea andrzej andrej",
    "sergei sergey sergiy serhii serhiy sergio serge siarhei sergej",
    "vladimir volodymyr wladimir uladzimir vova",
    "dmitry dmitri dmitriy dmitrii dmytro dzmitry dimitri dimitrij dima dimitrios",
    "mikhail michael michail mykhailo mihail mikhael miguel michel michele misha mike mikhael mihai mihajlo mikael micheal michal mikhailo",
    "nikolai nikolay mykola nicholas nicolas nikolaos nikola nick nicolae mikalai",
    "yevgeny evgeny evgeniy yevgeniy evgenii yevhen eugene eugen eugenio",
    "yury yuri yuriy iurii yurii george georgy georgii heorhii giorgi jorge georg georges giorgio jiri jerzy georgios yuriy",
    "pavel paul pavlo pablo paolo paulo pawel pavlos pol",
    "petr peter pyotr petro pedro pierre pietro piotr petros petar",
    "ivan ioann",
    "john juan joao jean giovanni johann johannes jan jon ioannis hans yahya jonathan johnny",
    "stefan stephen steven stepan stephan estevan etienne steve stefano stefanos",
    "william bill will willi wilhelm guillermo guillaume billy liam",
    "robert bob rob roberto bobby",
    "richard rick dick ricardo rich",
    "james jim jimmy jaime giacomo",
    "thomas tom tomas tommaso tommy foma",
    "benjamin ben binyamin beniamin bibi",
    "daniel dan danny daniil danila",
    "anthony tony antonio anton antoine antonius antonios",
    "charles carlos karl carlo karel chuck carl",
    "edward ed eduard eduardo ted edouard",
    "francis francisco francesco francois franz frank pancho",
    "lawrence larry laurence lorenzo laurent",
    "katherine catherine kate ekaterina kateryna catalina katarina katherina",
    "elizabeth elisabeth liz elizaveta isabel yelizaveta beth",
    "helen elena yelena olena helena helene",
    "maria mary marie mariya mariia",
    "anna anne ann hanna ana",
    "tatyana tatiana tetiana",
    "natalya natalia nataliya nataliia natalie natasha",
    "vasily vasiliy vasyl basil vasilii vasilis",
    "viktor victor",
    "igor ihor",
    "oleg oleh",
    "konstantin constantine kostiantyn constantin konstantinos",
    "grigory gregory grigori hryhorii grigorii greg gregorio",
    "ilya ilia illia elijah elias ilias",
    "matthew matvey matthias mateo matteo matt mathieu",
    "leonid leonidas leonard",
    "fyodor fedor theodore fedir teodor theodor",
    "samuel sam samuil",
    "david dawood daoud dawud davit dave davyd daud",
    "jacob yakov yaqub yacoub jakob iakov yakub",
    "solomon sulayman suleiman sulaiman suleyman soleiman",
    "moses musa moussa moshe mousa",
    "jesus isa eissa issa",
    "noah nuh nooh",
    "barack barry barak",
];

/// The name of which a word is a form: two words with one answer are forms of one name.
pub(super) fn name_of(word: &str) -> Option<&'static str> {
    FORMS.get(word).copied()
}

static FORMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = ROWS.iter().rev().filter_map(|row| Some((row, row.split(' ').next()?)));
    rows.flat_map(|(row, first)| row.split(' ').map(move |form| (form, first))).collect()
});
