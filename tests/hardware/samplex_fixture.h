// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/http/text_codes.h"

/// What Samplomatic 0.21 and Qiskit 2.6 made of a circuit whose gates and measurements are twirled, as
/// zlib.compress, base64: sx 0, rz(a) 0, sx 0, sx 1, rz(2 a + 0.3) 1, sx 1, cz 0 1, sx 0, sx 1, measure 0 ->
/// c[1], 1 -> c[0].
namespace samplex_fixture {

inline std::string unpacked(const char* packed) {
  return qmtl::zlib_decoded(qmtl::base64_decoded(packed).value(), 1 << 20).value();
}

/// The template circuit, QPY version 18.
inline const char* const circuit =
    "eNoL9Az29gwRYmJjYoAAxoJCKEuGgSuNgQPIYIJiBjS2LIhIzixKLs0s0TU1g4oyVNcWMoJVMTIygs1KhnOTGTABO9Q8JgbswCmx"
    "qCgztcjHAGQWxEAGNhATirGBoCj3xJJUsNoCqJAoA/PrvhNWGj6eYvOcmCSN4rOzCwwMwCYx4DEpOAJuEpm2nrcQOGPn6XlklcUC"
    "Nv6LS1cVGBjSwdb5MnnCc276p07Y2/QqeFvlkQIDIxJMYkQyyb7UrWpOlOfB5gerPrt+TrlTYGBMgvsZybS1P3yBipGs48Wt1+4X"
    "9S18k19gYEIHW4Wvf/rUoOL1dcMC/8Ort3p9KTAwJTZ9+qKnTxx6wI5yRsQZxLlEWhKEbAmxGceQ4oyjMGv7l5+RDnMbnTg3i36N"
    "elZgYEaHJLz7kGyXqphXdLPh70CZtVE3CgzM6WBr2pJFvWunuK5vfdyrlR21/FOBgQWZielqekjo8vNOh3b9eB69TEL4ZoGBJR2S"
    "sFrRwcrb29y1Foa+7Ns8wyujwNCADrbuyI/9yhHnkrHfurzBcHP53AJDQ6IzjiFKmkbKJVj0+KYmFpcWQaxPJlUHQzJJeQ3ZXf+R"
    "AEwdAMXG3+I=";

/// The samplex as JSON.
inline const char* const samplex =
    "eNrtWG1v4jgQ/itRPmdbHNIWkPYDlF63e9dee1y7W5UqcpMAVkOStZ1SQPz38zjvwUDf7k1aKtHEMx6Pn5l5PGapu4R6DvdcvcNp"
    "7Bn6NPY5GVMcTbIRzDllemepkyCKuc0izyEj4mBOwkDv6MuhHmGKpx73qP2E/dhjQ70zFOPDoU5c+O7A1wDBtwFfjD3lw1Y+Gggb"
    "+fCayUzL9ZhDSQSL58pn4JiWT9GSKRoPtZh5mhtTEow1hqeRLx72ClN8HhUrjvwQ88PCHTbBqfQO3cuRBxpi18GM4wc/kYywzzwp"
    "C6VH2C+GV0N9pRu6H4aPcWTLOSyB66LVcRYFRi7mOPeiu+tzlT/1isEzlbxfDJ6oLPV2yI+V689U8tL8sWrSuWp+X+n/TOXf+Q7/"
    "zlXrl+SfP6vCahmWYd4rUoEkaZBGMIz5fzTvL+sZL/4RVxuFVMOBhhkLHYJFbWvcE7kvnjSHUCcmfGsNNE0VWNLTeGpTHLjhlCwk"
    "DIl7yHxjfRhDfephFlNv6gXcHvkkYnvOB6CosroNyB7hn0BPc0IKdAhbkzCWDGl8Rug2AnkIQ/+1yBnmO6hF5krCLEk+CrwAu0uJ"
    "LMAEb5Z8+xHN5Rs6kK9pHtgPmHki2UFyfe3/OWj41/3Z2WmpinrOl5Pu8fQ2Lac6U5wpmejW9Oe3zZvIPW6gi6Kiu14TPScMJexc"
    "/fK8jeh643y93nZK7A2+PboT9/QmsXd6nUscFZuc3B7jK5Wdr7Pvjz9ugu9tNJh8O3W7lCzOJtbXcW9aUtpvLM6TP9NSeuN8qTqn"
    "tDk9efv+SvZPZpvtC4Ldr35a3QojpjnEGJ/QMB5PbJlPcEZdhIEnZPLEDKciXx37yaMs4b3Gnon2GiBmT+LV0leGHoQuHG53okcQ"
    "jUTDkGcatAwuYZySh7jgzDRH+w1FkkKVsPiBzZkgLGBTE1wEk/oFgiX9CbOpNxZGBUFCxQsJjIGMKmQ0leWurozERfSPu4i2uIhU"
    "LpqFi4n5NiwkW7BN9hMpkJIYjHDsExhkNvOJA0PQzxUH2poVb8RnmLrMNgul1FgMQ9KMTdxnyJE7ZASx7xuf0L3K+2bd+yOwGXlA"
    "ghWUb5ACZUwpnu/okKx+ls/98WVW579393P5byr58b56vrpDQMDQ6h7BQWar1CRsB3MNHqsODzIr+NBFzu8kcAXsEvKGIcF+5VoH"
    "9bVacqlstrNQmKxnpXjKkj5LgGUaF4iSuqsEjjEyPCWagGSKI0yDPkugl3t6+LqUb3xgyh+8P+WPfqZ8Ccw1eFp1eJpCC+g0669z"
    "VhXCUjWkuVayDm4udyCmPODVO951BTCWL4vOWvK/ca28PGJTjEDFyGp8ya4/2JN/ZdeyiGHjq81164S+L9p0+3BD1dZzr71Gt4r8"
    "LRvNZSqzH0KGNSqMm2ZSVWwe8Imw+Mdi8DyQz4aeXd9Uq/WKVv2L8hZcVMKvhZzlTzWvjOYGv3IfklMJMGOScqv31VKL1fjJh9uO"
    "ZYReftrRDznt4DJrR1Qc/QsT26212lmsn3gNsXf1aYfW+tNS11j0LJXC2ETKLyqM1HRpL7UbviIE6ztW1rDa23eUcYFS8xUtTSVf"
    "KqGW9PPiOGdE1n5/T4Os1zBn+3/FnOrVlD9Fln71uP4bmfNeXB9J8JjcpFkYUwi2oAmO6djj8kpYuV9D5CBSmapZqDaN6j23rtos"
    "VC2jet+sq5YcODCql7u6aqNQPTSqF5266mGhemRU7yl11aNCtWVULwp11YM11aNNqq1CtW1UO9S6qlWowqlW6Si2QAAMXz0J16At"
    "YYvS6KKNMUNl21mAN4etFGKUxhhVI3e/+gv4nyRK";

}  // namespace samplex_fixture
