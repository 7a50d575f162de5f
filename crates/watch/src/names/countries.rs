//! Countries by name and by code.
//!
//! Lists in English name countries in their own order (`Korea, North`); others have codes. Both become one.
//!
//! Source: ISO 3166-1 alpha-2; names after the SDN list of OFAC and the United Nations' short names.

/// Code, and the names by which lists call the country.
const COUNTRIES: &str = "\
    af Afghanistan;al Albania;dz Algeria;ad Andorra;ao Angola;ag Antigua and Barbuda;ar Argentina;\
    am Armenia;au Australia;at Austria;az Azerbaijan;bs Bahamas|Bahamas, The|The Bahamas;bh Bahrain;\
    bd Bangladesh;bb Barbados;by Belarus;be Belgium;bz Belize;bj Benin;bm Bermuda;bt Bhutan;bo Bolivia;\
    ba Bosnia and Herzegovina;bw Botswana;br Brazil;vg Virgin Islands, British|British Virgin Islands;\
    bn Brunei;bg Bulgaria;bf Burkina Faso;bi Burundi;kh Cambodia;cm Cameroon;ca Canada;\
    cv Cape Verde|Cabo Verde;ky Cayman Islands;cf Central African Republic;td Chad;cl Chile;\
    cn China|China, People's Republic of|PRC;co Colombia;km Comoros;cg Congo, Republic of the|Congo;\
    cd Congo, Democratic Republic of the|Democratic Republic of the Congo;cr Costa Rica;\
    ci Cote d'Ivoire|Côte d'Ivoire|Ivory Coast;hr Croatia;cu Cuba;cy Cyprus;cz Czech Republic|Czechia;\
    dk Denmark;dj Djibouti;dm Dominica;do Dominican Republic;ec Ecuador;eg Egypt;sv El Salvador;\
    gq Equatorial Guinea;er Eritrea;ee Estonia;sz Eswatini|Swaziland;et Ethiopia;fj Fiji;fi Finland;\
    fr France;ga Gabon;gm Gambia|Gambia, The|The Gambia;ge Georgia;de Germany;gh Ghana;gi Gibraltar;\
    gr Greece;gd Grenada;gt Guatemala;gg Guernsey;gn Guinea;gw Guinea-Bissau;gy Guyana;ht Haiti;\
    hn Honduras;hk Hong Kong;hu Hungary;is Iceland;in India;id Indonesia;\
    ir Iran|Iran, Islamic Republic of;iq Iraq;ie Ireland;im Man, Isle of|Isle of Man;il Israel;it Italy;\
    jm Jamaica;jp Japan;je Jersey;jo Jordan;kz Kazakhstan;ke Kenya;\
    kp Korea, North|North Korea|DPRK|Korea, Democratic People's Republic of;\
    kr Korea, South|South Korea|Korea, Republic of;xk Kosovo;kw Kuwait;kg Kyrgyzstan|Kyrgyz Republic;\
    la Laos|Lao People's Democratic Republic;lv Latvia;lb Lebanon;ls Lesotho;lr Liberia;ly Libya;\
    li Liechtenstein;lt Lithuania;lu Luxembourg;mo Macau|Macao;mg Madagascar;mw Malawi;my Malaysia;\
    mv Maldives;ml Mali;mt Malta;mh Marshall Islands;mr Mauritania;mu Mauritius;mx Mexico;md Moldova;\
    mc Monaco;mn Mongolia;me Montenegro;ma Morocco;mz Mozambique;mm Burma|Myanmar;na Namibia;nr Nauru;\
    np Nepal;nl Netherlands|The Netherlands;nz New Zealand;ni Nicaragua;ne Niger;ng Nigeria;\
    mk Macedonia|North Macedonia;no Norway;om Oman;pk Pakistan;pw Palau;\
    ps Palestinian|Palestine|West Bank|Region: Gaza;pa Panama;pg Papua New Guinea;py Paraguay;pe Peru;\
    ph Philippines;pl Poland;pt Portugal;qa Qatar;ro Romania;ru Russia|Russian Federation;rw Rwanda;\
    kn Saint Kitts and Nevis;lc Saint Lucia;vc Saint Vincent and the Grenadines;ws Samoa;sm San Marino;\
    st Sao Tome and Principe;sa Saudi Arabia;sn Senegal;rs Serbia;sc Seychelles;sl Sierra Leone;\
    sg Singapore;sk Slovakia;si Slovenia;sb Solomon Islands;so Somalia;za South Africa;ss South Sudan;\
    es Spain;lk Sri Lanka;sd Sudan;sr Suriname;se Sweden;ch Switzerland;sy Syria|Syrian Arab Republic;\
    tw Taiwan;tj Tajikistan;tz Tanzania;th Thailand;tl East Timor|Timor-Leste;tg Togo;to Tonga;\
    tt Trinidad and Tobago;tn Tunisia;tr Turkey|Türkiye;tm Turkmenistan;tv Tuvalu;ug Uganda;ua Ukraine;\
    ae United Arab Emirates;gb United Kingdom;us United States;uy Uruguay;uz Uzbekistan;vu Vanuatu;\
    va Vatican City|Holy See;ve Venezuela;vn Vietnam;ye Yemen;zm Zambia;zw Zimbabwe;";

/// The code of a country, from its name in English or its code, in small letters.
pub(super) fn code(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('.');
    let is = |name: &str| name.eq_ignore_ascii_case(text);
    COUNTRIES.split(';').find_map(|row| {
        let (code, names) = row.split_once(' ')?;
        (is(code) || names.split('|').any(is)).then(|| code.to_owned())
    })
}
