// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// token.hex is what solc 0.8.37 makes of this for the Shanghai fork: optimizer on with runs 1, no metadata (`bytecodeHash` none,
// `appendCBOR` false).

/// A token that does what ERC-20 says of transfers, and nothing more.
contract Token {
    event Transfer(address indexed from, address indexed to, uint256 value);
    uint8 public constant decimals = 6;
    mapping(address => uint256) public balanceOf;

    constructor(uint256 supply) {
        balanceOf[msg.sender] = supply;
        emit Transfer(address(0), msg.sender, supply);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
