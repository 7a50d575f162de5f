//! Japanese names in Han characters.
//!
//! Which reading a Japanese name has is known by its bearer alone; the commonest family and given names have one reading that
//! nearly all share, and those are here. Another name in Han characters is read as a Chinese and a Korean read it.
//!
//! Source: Meiji Yasuda Life, survey of family names and of given names (the commonest of each).

/// Family names and their reading.
const FAMILIES: &str = "佐藤sato 鈴木suzuki 高橋takahashi 田中tanaka 伊藤ito 渡辺watanabe 渡邊watanabe 山本yamamoto 中村nakamura \
    小林kobayashi 加藤kato 吉田yoshida 山田yamada 佐々木sasaki 山口yamaguchi 松本matsumoto 井上inoue 木村kimura 林hayashi \
    斎藤saito 斉藤saito 清水shimizu 山崎yamazaki 森mori 池田ikeda 橋本hashimoto 阿部abe 石川ishikawa 山下yamashita 中島nakajima \
    石井ishii 小川ogawa 前田maeda 岡田okada 長谷川hasegawa 藤田fujita 後藤goto 近藤kondo 村上murakami 遠藤endo 青木aoki \
    坂本sakamoto 福田fukuda 太田ota 西村nishimura 藤井fujii 金子kaneko 岡本okamoto 藤原fujiwara 三浦miura 中野nakano \
    中川nakagawa 原田harada 松田matsuda 竹内takeuchi 小野ono 田村tamura 中山nakayama 和田wada 石田ishida 森田morita 上田ueda \
    原hara 内田uchida 柴田shibata 酒井sakai 宮崎miyazaki 横山yokoyama 高木takagi 安藤ando 宮本miyamoto 大野ono 小島kojima \
    谷口taniguchi 今井imai 工藤kudo 増田masuda 丸山maruyama 杉山sugiyama 村田murata 大塚otsuka 新井arai 平野hirano 藤本fujimoto \
    河野kono 上野ueno 野口noguchi 武田takeda 松井matsui 千葉chiba 岩崎iwasaki 菅原sugawara 木下kinoshita 久保kubo 佐野sano \
    野村nomura 松尾matsuo 市川ichikawa 菊地kikuchi 杉本sugimoto 古川furukawa 大西onishi 島田shimada 水野mizuno 高市takaichi \
    安倍abe 岸田kishida 石破ishiba 菅suga 麻生aso 小泉koizumi 河合kawai 吉川yoshikawa 川崎kawasaki 飯田iida 本田honda";

/// Given names and their reading.
const GIVEN: &str = "太郎taro 花子hanako 一郎ichiro 次郎jiro 三郎saburo 健ken 健一kenichi 誠makoto 浩hiroshi 博hiroshi 隆takashi \
    明akira 進susumu 勝masaru 実minoru 清kiyoshi 正tadashi 茂shigeru 修osamu 学manabu 剛tsuyoshi 和子kazuko 恵子keiko 幸子sachiko \
    京子kyoko 洋子yoko 由美子yumiko 裕子yuko 陽子yoko 智子tomoko 久美子kumiko 美穂miho 香織kaori 真由美mayumi 早苗sanae \
    晋三shinzo 文雄fumio 義偉yoshihide 純一郎junichiro 大輔daisuke 健太kenta 翔太shota 拓也takuya 直樹naoki 達也tatsuya \
    和也kazuya 哲也tetsuya 浩二koji 雅彦masahiko 正雄masao 幸雄yukio 武takeshi 裕一yuichi 愛ai 舞mai 美咲misaki 優子yuko \
    陽菜hina 蓮ren 翔sho 大樹daiki 茂雄shigeo 昭akira 豊yutaka 弘hiroshi 弘子hiroko 節子setsuko 文子fumiko 良子yoshiko";

fn pairs(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.split_whitespace().filter_map(|pair| pair.split_at_checked(pair.find(|c: char| c.is_ascii())?))
}

/// Family and given name as read in Japan, if both are known.
pub(super) fn read(name: &str) -> Option<[&'static str; 2]> {
    pairs(FAMILIES).find_map(|(family, read)| {
        let rest = name.strip_prefix(family)?;
        pairs(GIVEN).find(|(given, _)| *given == rest).map(|(_, given)| [read, given])
    })
}
