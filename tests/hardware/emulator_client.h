// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hardware/emulator/emulator.h"

/// Requests to an emulator without a socket.
struct EmulatorClient {
  static constexpr const char* key = "a-key-of-the-tests";
  static constexpr const char* crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/x:y::";

  explicit EmulatorClient(qmtl::EmulatorOptions options) : emulator(with_key(std::move(options))) {}

  static qmtl::EmulatorOptions with_key(qmtl::EmulatorOptions options) {
    options.token = key;
    return options;
  }

  qmtl::WireReply send(const std::string& method, const std::string& target, const std::string& body = "",
                       std::map<std::string, std::string> headers = {}) {
    qmtl::WireRequest request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    request.body = body;
    request.headers = std::move(headers);
    std::size_t at = target.find('?');
    while (at != std::string::npos) {
      const std::size_t end = target.find('&', at + 1);
      const std::string pair = target.substr(at + 1, end == std::string::npos ? end : end - at - 1);
      request.query.emplace(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      at = end;
    }
    return emulator.answer(request);
  }

  std::map<std::string, std::string> ibm_headers() {
    if (bearer.empty()) {
      const auto reply =
          send("POST", "/identity/token",
               "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=" + std::string(key));
      bearer = nlohmann::json::parse(reply.body).at("access_token").get<std::string>();
    }
    return {{"authorization", "Bearer " + bearer}, {"service-crn", crn}, {"ibm-api-version", "2026-04-15"}};
  }
  qmtl::WireReply ibm(const std::string& method, const std::string& path, const nlohmann::json& body = {}) {
    return send(method, "/api/v1" + path, body.is_null() ? "" : body.dump(), ibm_headers());
  }
  qmtl::WireReply ionq(const std::string& method, const std::string& path, const nlohmann::json& body = {}) {
    return send(method, "/v0.4" + path, body.is_null() ? "" : body.dump(),
                {{"authorization", "apiKey " + std::string(key)}});
  }

  qmtl::Emulator emulator;
  std::string bearer;
};

inline nlohmann::json json_of(const qmtl::WireReply& reply) { return nlohmann::json::parse(reply.body); }
