// Made from schemas/receiver.schema.json by `npm run generate`. Do not edit.
import type { Reference } from '../core/secret.ts'

/**
 * How it is reached: exactly one block.
 */
export interface ReceiverSpec {
  /**
   * A POST of JSON to any address, signed by the Standard Webhooks specification where `secret` is given.
   */
  readonly webhook?: {
    /**
     * An https address, or a reference to one. http, and addresses on this machine or in private networks, only where `--allow-host` allows the host.
     */
    readonly url: string | Reference
    /**
     * Signs the message (HMAC-SHA256): `whsec_` with base64, or any text of at least 16 characters. It is never sent.
     */
    readonly secret?: Reference
    /**
     * Sent as `Authorization: Bearer`.
     */
    readonly token?: Reference
  }
  /**
   * A Slack channel, by an incoming webhook.
   */
  readonly slack?: {
    /**
     * The address of the incoming webhook, which is a secret.
     */
    readonly url: Reference
  }
  /**
   * A Discord channel, by a webhook.
   */
  readonly discord?: {
    /**
     * The address of the webhook, which is a secret.
     */
    readonly url: Reference
  }
  /**
   * A push message to phones, by ntfy.sh or a server of your own.
   */
  readonly ntfy?: {
    /**
     * The topic. At ntfy.sh whoever knows it reads along, so it is a secret there.
     */
    readonly topic: string | Reference
    /**
     * The server. Default: https://ntfy.sh.
     */
    readonly server?: string | Reference
    /**
     * An access token.
     */
    readonly token?: Reference
  }
  /**
   * An incident in PagerDuty, by the Events API v2.
   */
  readonly pagerduty?: {
    /**
     * The integration key of the service.
     */
    readonly routingKey: Reference
    /**
     * The address of the Events API. Default: https://events.pagerduty.com.
     */
    readonly url?: string | Reference
  }
  /**
   * Prometheus Alertmanager, by its API v2: one alert a resource and trouble, which it groups and routes itself.
   */
  readonly alertmanager?: {
    /**
     * An https address, or a reference to one. http, and addresses on this machine or in private networks, only where `--allow-host` allows the host.
     */
    readonly url: string | Reference
    /**
     * For basic authentication.
     */
    readonly username?: string
    /**
     * For basic authentication.
     */
    readonly password?: Reference
    /**
     * Sent as `Authorization: Bearer`, in place of `username` and `password`.
     */
    readonly token?: Reference
  }
  /**
   * Mail over SMTP.
   */
  readonly email?: {
    /**
     * The mail server, a name or a reference to one.
     */
    readonly host: string | Reference
    /**
     * The port. Default: 465 with `security: tls`, else 587.
     */
    readonly port?: number
    /**
     * `starttls`: encrypted after the greeting, or not at all; `tls`: from the first byte; `none`: not encrypted, only for a host that `--allow-host` allows. Default: starttls.
     */
    readonly security?: 'starttls' | 'tls' | 'none'
    /**
     * Who we are to the mail server.
     */
    readonly username?: string
    /**
     * The password of `username`.
     */
    readonly password?: Reference
    /**
     * The sender.
     */
    readonly from: string
    /**
     * Who gets it.
     *
     * @minItems 1
     * @maxItems 50
     *
     * Items: A mail address.
     */
    readonly to: string[]
  }
}
