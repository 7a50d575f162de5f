//! The currencies that have a chain of their own, and the forms of their addresses.
//!
//! Sources: each chain's own parameters (`chainparams.cpp` of its node and its like; SLIP-173 for human-readable
//! parts; SLIP-44 for tickers). Where forms are the same, the best known chain comes first: [`super::judge`] names it.

use super::bech::{self, Encoding, Shape};
use super::cash;
use super::form::Form;

/// A currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coin {
    /// Its ticker in small letters, by which it is told.
    pub(super) id: &'static str,
    /// What else it is called, small letters and digits alone.
    pub(super) names: &'static [&'static str],
    pub(super) forms: &'static [Form],
}

const fn coin(id: &'static str, names: &'static [&'static str], forms: &'static [Form]) -> Coin {
    Coin { id, names, forms }
}

/// A key of 32 bytes.
const KEY: Shape = Shape { encoding: Encoding::Bech32, bytes: (32, 32) };
/// A diversifier and a key. Source: ZIP 32.
const SAPLING: Shape = Shape { encoding: Encoding::Bech32, bytes: (43, 43) };
/// Several receivers, jumbled. Source: ZIP 316.
const UNIFIED: Shape = Shape { encoding: Encoding::Bech32m, bytes: (48, 512) };
/// A hash of a key from which alone one may pay. Source: ZIP 320.
const TRANSPARENT: Shape = Shape { encoding: Encoding::Bech32m, bytes: (20, 20) };
/// A type and 29 bytes. Source: Radix, "Addressing".
const RADIX: Shape = Shape { encoding: Encoding::Bech32m, bytes: (30, 30) };
/// A script's code, hash type and arguments. Source: Nervos, RFC 21.
const NERVOS: Shape = Shape { encoding: Encoding::Bech32m, bytes: (34, 256) };

/// Every currency with a chain, those first whose form others share.
#[rustfmt::skip]
pub(super) const COINS: &[Coin] = &[
    coin("btc", &["bitcoin", "xbt"], &[
        Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "bc", test: &["tb", "bcrt"] },
    ]),
    coin("eth", &["ethereum", "ether"], &[Form::Evm]),
    coin("trx", &["tron", "tronix"], &[Form::Base58 { main: &[&[0x41]], test: &[&[0x41]] }]),
    coin("xmr", &["monero"], &[Form::Cryptonote { main: &[18, 19, 42], test: &[53, 54, 63, 24, 25, 36] }]),
    coin("ltc", &["litecoin"], &[
        Form::Base58 { main: &[&[0x30], &[0x32]], test: &[&[0x3a], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "ltc", test: &["tltc", "rltc"] },
    ]),
    coin("bch", &["bitcoincash"], &[
        Form::Cash { main: "bitcoincash", test: &["bchtest", "bchreg"], kind: cash::Kind::BitcoinCash },
        Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] },
    ]),
    coin("xrp", &["ripple", "xrpledger", "xrpl"], &[Form::Ripple]),
    coin("doge", &["dogecoin", "xdg"], &[
        Form::Base58 { main: &[&[0x1e], &[0x16]], test: &[&[0x71], &[0x6f], &[0xc4]] },
    ]),
    coin("dash", &[], &[Form::Base58 { main: &[&[0x4c], &[0x10]], test: &[&[0x8c], &[0x13]] }]),
    coin("zec", &["zcash"], &[
        Form::Base58 { main: &[&[0x1c, 0xb8], &[0x1c, 0xbd]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] },
        Form::Bech { main: &["zs"], test: &["ztestsapling", "zregtestsapling"], shape: SAPLING },
        Form::Bech { main: &["u"], test: &["utest"], shape: UNIFIED },
        Form::Bech { main: &["tex"], test: &["textest"], shape: TRANSPARENT },
    ]),
    coin("ada", &["cardano"], &[Form::Shelley, Form::Byron]),
    coin("dot", &["polkadot"], &[Form::Substrate(&[0, 42])]),
    coin("atom", &["cosmos", "cosmoshub"], &[Form::Bech { main: &["cosmos"], test: &[], shape: bech::ACCOUNT }]),
    coin("bnb", &["binance", "binancecoin", "binancechain", "bep2"], &[
        Form::Bech { main: &["bnb"], test: &["tbnb"], shape: bech::ACCOUNT },
        Form::Evm,
    ]),
    coin("rune", &["thorchain"], &[Form::Bech { main: &["thor"], test: &["tthor", "sthor"], shape: bech::ACCOUNT }]),
    coin("egld", &["multiversx", "elrond", "erd"], &[Form::Bech { main: &["erd"], test: &[], shape: KEY }]),
    coin("xlm", &["stellar", "str", "lumens", "stellarlumens"], &[Form::Stellar]),
    coin("xtz", &["tezos"], &[
        Form::Base58 { main: &[&[0x06, 0xa1, 0x9f], &[0x06, 0xa1, 0xa1], &[0x06, 0xa1, 0xa4], &[0x06, 0xa1, 0xa6], &[0x02, 0x5a, 0x79]], test: &[&[0x06, 0xa1, 0x9f], &[0x06, 0xa1, 0xa1], &[0x06, 0xa1, 0xa4], &[0x06, 0xa1, 0xa6], &[0x02, 0x5a, 0x79]] },
    ]),
    coin("algo", &["algorand"], &[Form::Algorand]),
    coin("ton", &["toncoin", "gram", "theopennetwork"], &[Form::Ton]),
    coin("xno", &["nano", "xrb", "raiblocks"], &[Form::Nano(&["nano_", "xrb_"])]),
    coin("ban", &["banano"], &[Form::Nano(&["ban_"])]),
    coin("neo", &["neogas", "gas", "antshares"], &[Form::Base58 { main: &[&[0x17], &[0x35]], test: &[&[0x17], &[0x35]] }]),
    coin("xem", &["nem"], &[Form::Nem]),
    coin("xym", &["symbol"], &[Form::Symbol]),
    coin("waves", &[], &[Form::Waves]),
    coin("dcr", &["decred"], &[
        Form::Decred { main: &[&[0x07, 0x3f], &[0x07, 0x1f], &[0x07, 0x01], &[0x07, 0x1a]], test: &[&[0x0f, 0x21], &[0x0f, 0x01], &[0x0e, 0xe3], &[0x0e, 0xfc], &[0x0e, 0x91], &[0x0e, 0x6c]] },
    ]),
    coin("sc", &["siacoin", "sia"], &[Form::Sia]),
    coin("icx", &["icon", "iconex"], &[Form::Icon]),
    coin("lsk", &["lisk"], &[Form::Lisk, Form::Evm]),
    coin("icp", &["internetcomputer", "dfinity"], &[Form::Icp]),
    coin("fil", &["filecoin"], &[Form::Filecoin]),
    coin("ksm", &["kusama"], &[Form::Substrate(&[2, 42])]),
    coin("btg", &["bitcoingold"], &[
        Form::Base58 { main: &[&[0x26], &[0x17]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "btg", test: &["tbtg"] },
    ]),
    coin("bsv", &["bitcoinsv", "bitcoincashsv", "bchsv"], &[
        Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] },
        Form::Cash { main: "bitcoincash", test: &["bchtest", "bchreg"], kind: cash::Kind::BitcoinCash },
    ]),
    coin("xec", &["ecash", "bcha", "bitcoincashabc"], &[
        Form::Cash { main: "ecash", test: &["ectest", "ecregtest"], kind: cash::Kind::BitcoinCash },
        Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] },
    ]),
    coin("kas", &["kaspa"], &[
        Form::Cash { main: "kaspa", test: &["kaspatest", "kaspadev", "kaspasim"], kind: cash::Kind::Kaspa },
    ]),
    coin("dgb", &["digibyte"], &[
        Form::Base58 { main: &[&[0x1e], &[0x3f], &[0x05]], test: &[&[0x7e], &[0x8c], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "dgb", test: &["dgbt", "dgbrt"] },
    ]),
    coin("xvg", &["verge"], &[
        Form::Base58 { main: &[&[0x1e], &[0x21]], test: &[&[0x73], &[0xc6]] },
        Form::Segwit { main: "vg", test: &["tv"] },
    ]),
    coin("pivx", &[], &[Form::Base58 { main: &[&[0x1e], &[0x0d]], test: &[&[0x8b], &[0x13]] }]),
    coin("qtum", &[], &[
        Form::Base58 { main: &[&[0x3a], &[0x32]], test: &[&[0x78], &[0x6e]] },
        Form::Segwit { main: "qc", test: &["tq", "qcrt"] },
    ]),
    coin("rvn", &["ravencoin"], &[Form::Base58 { main: &[&[0x3c], &[0x7a]], test: &[&[0x6f], &[0xc4]] }]),
    coin("zen", &["zencash", "horizen"], &[
        Form::Base58 { main: &[&[0x20, 0x89], &[0x20, 0x96]], test: &[&[0x20, 0x98], &[0x20, 0x92]] },
    ]),
    coin("btcp", &["bitcoinprivate"], &[
        Form::Base58 { main: &[&[0x13, 0x25], &[0x13, 0xaf]], test: &[&[0x19, 0x57], &[0x19, 0xe0]] },
    ]),
    coin("sng", &["snowgem", "xsg", "tent"], &[
        Form::Base58 { main: &[&[0x1c, 0x28], &[0x1c, 0x2d]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] },
    ]),
    coin("nmc", &["namecoin"], &[
        Form::Base58 { main: &[&[0x34], &[0x0d]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "nc", test: &["tn", "ncrt"] },
    ]),
    coin("ppc", &["peercoin"], &[
        Form::Base58 { main: &[&[0x37], &[0x75]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "pc", test: &["tpc"] },
    ]),
    coin("xpm", &["primecoin"], &[Form::Base58 { main: &[&[0x17], &[0x53]], test: &[&[0x77], &[0x6f], &[0xc4]] }]),
    coin("vtc", &["vertcoin"], &[
        Form::Base58 { main: &[&[0x47], &[0x05]], test: &[&[0x4a], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "vtc", test: &["tvtc"] },
    ]),
    coin("mona", &["monacoin"], &[
        Form::Base58 { main: &[&[0x32], &[0x37], &[0x05]], test: &[&[0x75], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "mona", test: &["tmona", "rmona"] },
    ]),
    coin("firo", &["zcoin", "xzc"], &[Form::Base58 { main: &[&[0x52], &[0x07]], test: &[&[0x41], &[0xb2]] }]),
    coin("kmd", &["komodo"], &[Form::Base58 { main: &[&[0x3c], &[0x55]], test: &[&[0x3c], &[0x55]] }]),
    coin("vrsc", &["verus", "veruscoin"], &[Form::Base58 { main: &[&[0x3c], &[0x55]], test: &[&[0x3c], &[0x55]] }]),
    coin("lbc", &["lbry", "lbrycredits"], &[
        Form::Base58 { main: &[&[0x55], &[0x7a]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "lbc", test: &["tlbc"] },
    ]),
    coin("sys", &["syscoin"], &[
        Form::Base58 { main: &[&[0x3f], &[0x05]], test: &[&[0x41], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "sys", test: &["tsys"] },
    ]),
    coin("grs", &["groestlcoin"], &[Form::Segwit { main: "grs", test: &["tgrs", "grsrt"] }]),
    coin("via", &["viacoin"], &[
        Form::Base58 { main: &[&[0x47], &[0x21]], test: &[&[0x7f], &[0xc4]] },
        Form::Segwit { main: "via", test: &["tvia"] },
    ]),
    coin("part", &["particl"], &[
        Form::Base58 { main: &[&[0x38], &[0x3c]], test: &[&[0x76], &[0x7a]] },
        Form::Segwit { main: "pw", test: &["tpw"] },
    ]),
    coin("xax", &["strax", "stratis"], &[
        Form::Base58 { main: &[&[0x4b], &[0x8c], &[0x3f], &[0x7d]], test: &[&[0x78], &[0x7f], &[0x41]] },
        Form::Segwit { main: "strax", test: &["tstrax"] },
    ]),
    coin("ftc", &["feathercoin"], &[
        Form::Base58 { main: &[&[0x0e], &[0x60], &[0x05]], test: &[&[0x41], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "fc", test: &["tf"] },
    ]),
    coin("nvc", &["novacoin"], &[Form::Base58 { main: &[&[0x08], &[0x14]], test: &[&[0x6f], &[0xc4]] }]),
    coin("blk", &["blackcoin"], &[
        Form::Base58 { main: &[&[0x19], &[0x55]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "blk", test: &["tblk"] },
    ]),
    coin("nav", &["navcoin", "navio"], &[Form::Base58 { main: &[&[0x35], &[0x55]], test: &[&[0x6f], &[0xc4]] }]),
    coin("rdd", &["reddcoin"], &[Form::Base58 { main: &[&[0x3d], &[0x05]], test: &[&[0x6f], &[0xc4]] }]),
    coin("xmy", &["myriad", "myriadcoin"], &[
        Form::Base58 { main: &[&[0x32], &[0x09]], test: &[&[0x58], &[0xbc]] },
        Form::Segwit { main: "my", test: &["tmy"] },
    ]),
    coin("flo", &["florincoin"], &[Form::Base58 { main: &[&[0x23], &[0x5e], &[0x08]], test: &[&[0x73], &[0xc6]] }]),
    coin("emc", &["emercoin"], &[
        Form::Base58 { main: &[&[0x21], &[0x5c]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "em", test: &[] },
    ]),
    coin("aur", &["auroracoin"], &[Form::Base58 { main: &[&[0x17], &[0x05]], test: &[&[0x6f], &[0xc4]] }]),
    coin("bvc", &["beavercoin"], &[Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] }]),
    coin("bio", &["biocoin"], &[Form::Base58 { main: &[&[0x19], &[0x14]], test: &[&[0x6f], &[0xc4]] }]),
    coin("frc", &["freicoin"], &[Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] }]),
    coin("grlc", &["garlicoin"], &[
        Form::Base58 { main: &[&[0x26], &[0x32], &[0x05]], test: &[&[0x3a], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "grlc", test: &["tgrlc"] },
    ]),
    coin("mec", &["megacoin"], &[Form::Base58 { main: &[&[0x32], &[0x05]], test: &[&[0x6f], &[0xc4]] }]),
    coin("pts", &["protoshares", "bitsharespts"], &[
        Form::Base58 { main: &[&[0x38], &[0x05]], test: &[&[0x6f], &[0xc4]] },
    ]),
    coin("bcd", &["bitcoindiamond"], &[
        Form::Base58 { main: &[&[0x00], &[0x05]], test: &[&[0x6f], &[0xc4]] },
        Form::Segwit { main: "bcd", test: &["tbcd"] },
    ]),
    coin("lcc", &["litecoincash"], &[
        Form::Base58 { main: &[&[0x1c], &[0x32], &[0x05]], test: &[&[0x3a], &[0x6f], &[0xc4]] },
        Form::Segwit { main: "lcc", test: &["tlcc"] },
    ]),
    coin("zcl", &["zclassic"], &[
        Form::Base58 { main: &[&[0x1c, 0xb8], &[0x1c, 0xbd]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] },
    ]),
    coin("hush", &[], &[Form::Base58 { main: &[&[0x1c, 0xb8], &[0x1c, 0xbd]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] }]),
    coin("btcz", &["bitcoinz"], &[
        Form::Base58 { main: &[&[0x1c, 0xb8], &[0x1c, 0xbd]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] },
    ]),
    coin("vot", &["votecoin"], &[
        Form::Base58 { main: &[&[0x1c, 0xb8], &[0x1c, 0xbd]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] },
    ]),
    coin("flux", &["zelcash", "zel"], &[
        Form::Base58 { main: &[&[0x1c, 0xb8], &[0x1c, 0xbd]], test: &[&[0x1d, 0x25], &[0x1c, 0xba]] },
    ]),
    coin("ont", &["ontology", "ong"], &[Form::Base58 { main: &[&[0x17]], test: &[&[0x17]] }]),
    coin("loki", &["oxen", "xoki"], &[Form::Cryptonote { main: &[114, 115, 116], test: &[156, 157, 158, 24, 25, 36] }]),
    coin("wow", &["wownero"], &[Form::Cryptonote { main: &[4146, 6810, 12208], test: &[53, 54, 63] }]),
    coin("sumo", &["sumokoin"], &[Form::Cryptonote { main: &[0x2bb39a, 0x29339a, 0x8319a], test: &[] }]),
    coin("etn", &["electroneum"], &[Form::Cryptonote { main: &[18018, 18019, 42], test: &[53, 54, 63] }, Form::Evm]),
    coin("osmo", &["osmosis"], &[Form::Bech { main: &["osmo"], test: &[], shape: bech::ACCOUNT }]),
    coin("cro", &["cronos", "cryptocom", "cryptocomcoin", "cryptoorg"], &[
        Form::Bech { main: &["cro"], test: &["tcro"], shape: bech::ACCOUNT },
        Form::Evm,
    ]),
    coin("luna", &["terra", "luna2", "lunc", "terraclassic", "ust", "ustc"], &[
        Form::Bech { main: &["terra"], test: &[], shape: bech::ACCOUNT },
    ]),
    coin("kava", &[], &[Form::Bech { main: &["kava"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("juno", &[], &[Form::Bech { main: &["juno"], test: &[], shape: bech::ACCOUNT }]),
    coin("scrt", &["secret", "secretnetwork"], &[Form::Bech { main: &["secret"], test: &[], shape: bech::ACCOUNT }]),
    coin("akt", &["akash"], &[Form::Bech { main: &["akash"], test: &[], shape: bech::ACCOUNT }]),
    coin("axl", &["axelar"], &[Form::Bech { main: &["axelar"], test: &[], shape: bech::ACCOUNT }]),
    coin("tia", &["celestia"], &[Form::Bech { main: &["celestia"], test: &[], shape: bech::ACCOUNT }]),
    coin("dydx", &[], &[Form::Bech { main: &["dydx"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("strd", &["stride"], &[Form::Bech { main: &["stride"], test: &[], shape: bech::ACCOUNT }]),
    coin("stars", &["stargaze"], &[Form::Bech { main: &["stars"], test: &[], shape: bech::ACCOUNT }]),
    coin("noble", &[], &[Form::Bech { main: &["noble"], test: &[], shape: bech::ACCOUNT }]),
    coin("ntrn", &["neutron"], &[Form::Bech { main: &["neutron"], test: &[], shape: bech::ACCOUNT }]),
    coin("fet", &["fetchai", "asi"], &[Form::Bech { main: &["fetch"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("band", &["bandprotocol"], &[Form::Bech { main: &["band"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("xprt", &["persistence"], &[Form::Bech { main: &["persistence"], test: &[], shape: bech::ACCOUNT }]),
    coin("dvpn", &["sentinel"], &[Form::Bech { main: &["sent"], test: &[], shape: bech::ACCOUNT }]),
    coin("bld", &["agoric"], &[Form::Bech { main: &["agoric"], test: &[], shape: bech::ACCOUNT }]),
    coin("iris", &["irisnet"], &[Form::Bech { main: &["iaa"], test: &[], shape: bech::ACCOUNT }]),
    coin("regen", &[], &[Form::Bech { main: &["regen"], test: &[], shape: bech::ACCOUNT }]),
    coin("cacao", &["mayachain", "maya"], &[Form::Bech { main: &["maya"], test: &["smaya"], shape: bech::ACCOUNT }]),
    coin("fct", &["firmachain", "firma"], &[Form::Bech { main: &["firma"], test: &[], shape: bech::ACCOUNT }]),
    coin("coreum", &[], &[Form::Bech { main: &["core"], test: &["testcore"], shape: bech::ACCOUNT }]),
    coin("om", &["mantra"], &[Form::Bech { main: &["mantra"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("dym", &["dymension"], &[Form::Bech { main: &["dym"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("iotx", &["iotex"], &[Form::Bech { main: &["io"], test: &["it"], shape: bech::ACCOUNT }, Form::Evm]),
    coin("sei", &[], &[Form::Bech { main: &["sei"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("inj", &["injective"], &[Form::Bech { main: &["inj"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("evmos", &[], &[Form::Bech { main: &["evmos"], test: &[], shape: bech::ACCOUNT }, Form::Evm]),
    coin("one", &["harmony"], &[Form::Bech { main: &["one"], test: &["tone"], shape: bech::ACCOUNT }, Form::Evm]),
    coin("zil", &["zilliqa"], &[Form::Bech { main: &["zil"], test: &["tzil"], shape: bech::ACCOUNT }, Form::Evm]),
    coin("hns", &["handshake"], &[Form::Segwit { main: "hs", test: &["ts", "rs"] }]),
    coin("xrd", &["radix"], &[
        Form::Bech { main: &["account_rdx", "resource_rdx"], test: &["account_tdx_2_"], shape: RADIX },
    ]),
    coin("ckb", &["nervos", "nervosnetwork"], &[Form::Bech { main: &["ckb"], test: &["ckt"], shape: NERVOS }]),
    coin("avax", &["avalanche", "avaxc", "avalanchec", "avaxcchain"], &[Form::Avalanche, Form::Evm]),
    coin("sol", &["solana", "spl"], &[Form::Solana]),
    coin("move", &["aptos", "apt", "sui", "movement"], &[Form::Move]),
    coin("hbar", &["hedera", "hederahashgraph"], &[Form::Hedera]),
    coin("eos", &["eosio", "vaulta", "wax", "waxp", "telos"], &[Form::Eos]),
    coin("iost", &["iostoken"], &[Form::Iost]),
    coin("near", &["nearprotocol"], &[Form::Near]),
    coin("xdc", &["xinfin", "xdcnetwork"], &[Form::Xdc]),
    coin("rbtc", &["rsk", "rootstock", "rif"], &[Form::Rsk]),
];
