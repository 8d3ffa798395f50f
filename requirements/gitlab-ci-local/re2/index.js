// SPDX-License-Identifier: GPL-3.0-or-later
// gitlab-ci-local matches variables in rules with re2. The native package would be downloaded from GitHub or compiled
// for minutes; the pipeline of the example is no attack, so the regular expressions of JavaScript are safe here.
module.exports = RegExp;
